// Other shapes of the same elements, taken in logical row-major order as in PyTorch. Memory is channels-last, so that a
// reshape which keeps (N, C) and only regroups spatial axes, or one below rank 3, is a view; others move data.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// torch.reshape: as many elements as x has; one extent may be -1 and is found. f32 or i32, any layout; the result is
// channels-last. A view where both memory orders agree. Errors name both shapes.
Value reshape(Value x, std::vector<std::int64_t> shape);

// Axes start_dim to end_dim (negative ones count from the last) as one: torch.flatten. A scalar becomes one element.
Value flatten(Value x, int start_dim = 0, int end_dim = -1);

// Without the axes given, where their extent is 1, or without all such: torch.squeeze.
Value squeeze(Value x);
Value squeeze(Value x, std::vector<int> axes);

// With a new axis of extent 1 that becomes number `axis` of the result; negative ones count from its last.
Value unsqueeze(Value x, int axis);

// x's memory read as another type of the same size and dtype, whatever that does to the logical order: how ops see a
// tensor as plain rows. Gives x itself where the type is x's.
Value view_as(Value x, TensorType type);

// Reshape into any layout.
Value reshape(Value x, const Shape& shape, Layout layout);

std::vector<Kernel> reshape_kernels();

}  // namespace tuff
