// A box of a tensor: x[starts[0]:ends[0], ...]. The valid U-Net's crop is one.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct SliceAttributes {
  std::vector<std::int64_t> starts;  // one per axis, from 0
  std::vector<std::int64_t> ends;    // one past the last
  bool operator==(const SliceAttributes&) const = default;
};

// One start and end per axis, in elements, 0 <= start < end <= extent. f32 or i32, any layout.
Value slice(Value x, std::vector<std::int64_t> starts, std::vector<std::int64_t> ends);

// The middle of the spatial axes of x (N, C, spatial...), `spatial` in size; where the border is odd, the larger half
// is cut at the end.
Value center_crop(Value x, const std::vector<std::int64_t>& spatial);

std::vector<Kernel> slice_kernels();

}  // namespace tuff
