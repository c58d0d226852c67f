// Losses end in one number: every invocation sums a part of the pixels, then one adds up the parts in order.
#pragma once

#include <array>
#include <cstdint>

#include "graph/shape.h"
#include "plan/kernel.h"

namespace tuff {

// How many parts `count` elements are summed in: by shape and device alone.
std::uint32_t loss_parts(std::uint64_t count, const DeviceCaps& caps);

// Output 0 = scale * the sum of workspace 0's `parts` floats.
Dispatch sum_parts(std::uint32_t parts, float scale);

// Whether `target` holds one class per pixel of x (N, C, spatial...): i32 (N, spatial...) or (N, 1, spatial...).
bool is_class_map(const TensorType& target, const TensorType& x);

// How a shader finds a pixel's class (common/class_map.glsl): whether classes lie in the pixels' order, as they do in
// (N, 1, spatial...); extents (depth, height, width); strides (sample, depth, height, width). The memory of
// (N, spatial...) is transposed: its first spatial axis counts as channels and is innermost.
struct ClassMap {
  std::array<std::uint32_t, 8> constants = {1, 1, 1, 1, 0, 0, 0, 0};
};
ClassMap class_map(const TensorType& target, const TensorType& x);

}  // namespace tuff
