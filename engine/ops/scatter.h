// Updates written to the places that an i32 tensor of indices names: the inverse and the gradient of gather.h, with its
// rules for indices; those outside are ignored. Several updates of one place are applied in their order, so results are
// bitwise repeatable and the last one wins where nothing is reduced. No atomics: by element, each element of the result
// looks at all m indices along the axis; by row, the updates of a row are chained before (m^2 comparisons for m
// updates) and applied by the first one's invocation. Gradients of data and updates are exact, also where places meet.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

enum class ScatterReduction : std::uint8_t { none, add, mul, min, max };
std::string_view to_string(ScatterReduction reduction);

// ONNX's ScatterElements, torch.scatter and scatter_reduce with include_self: a copy of data, where the updates at each
// place of index go to the same place but for `axis`, where the index says. index has data's rank and is no larger but
// along the axis; updates are at least as large as index, what is beyond it is left out. f32 or i32.
Value scatter(Value data, int axis, Value index, Value updates, ScatterReduction reduction = ScatterReduction::none);
Value scatter_add(Value data, int axis, Value index, Value updates);

// torch.index_add and index_copy: index is a vector, updates have data's shape with its extent along the axis.
Value index_add(Value data, int axis, Value index, Value updates);
Value index_copy(Value data, int axis, Value index, Value updates);

// ONNX's ScatterND: indices (..., k) hold tuples that name an element of data's first k axes, updates are (..., rest of
// data). Up to 8 axes a tuple.
Value scatter_nd(Value data, Value indices, Value updates, ScatterReduction reduction = ScatterReduction::none);

struct ScatterAttributes {
  int axis = 0;         // not negative
  bool by_row = false;  // the index is a vector
  ScatterReduction reduction = ScatterReduction::add;
};

// One node. Index and updates have one shape, which is data's but for the axis; or the index is a vector.
Value scatter(Value data, Value index, Value updates, const ScatterAttributes& attributes);

std::vector<Kernel> scatter_kernels();

}  // namespace tuff
