// Max and average pooling over 1 to 3 spatial axes, with PyTorch's semantics. Their gradients gather: every input
// element looks at the windows that cover it, so results are repeatable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// One value per spatial axis, or one for all.
struct PoolAttributes {
  std::vector<std::int64_t> kernel = {2};
  std::vector<std::int64_t> stride = {};    // empty: the kernel
  std::vector<std::int64_t> padding = {};   // empty: 0; at most half the dilated kernel
  std::vector<std::int64_t> dilation = {};  // empty: 1; max_pool only
  bool ceil_mode = false;                   // output size rounds up; windows start inside the input or left padding
  bool count_include_pad = true;            // avg_pool only: padding counts in the divisor
  bool operator==(const PoolAttributes&) const = default;
};

// The same with one value per spatial axis.
PoolAttributes resolve(const PoolAttributes& attributes, std::string_view op, const Shape& input);
// The output's shape for resolved attributes; Error where the input is smaller than the window.
Shape pooled_shape(const PoolAttributes& resolved, std::string_view op, const Shape& input);
std::string to_string(const PoolAttributes& attributes);

struct MaxPool {
  Value output;   // (N, C, pooled...)
  Value indices;  // i32, of the output's shape: the maximum's flat row-major index in the input's spatial plane
};

// x: f32 (N, C, 1 to 3 spatial axes). Padding is minus infinity, a NaN wins, the first of equal maxima wins.
MaxPool max_pool(Value x, const PoolAttributes& attributes = {});

// x: f32 (N, C, 1 to 3 spatial axes). Dilation must be 1.
Value avg_pool(Value x, const PoolAttributes& attributes = {});

// d loss / d x of max_pool: upstream and indices of the pooled shape, result of `input` shape.
Value max_pool_gradient(Value upstream, Value indices, const PoolAttributes& attributes, const Shape& input);

std::vector<Kernel> max_pool_kernels();
std::vector<Kernel> max_pool_gradient_kernels();
std::vector<Kernel> avg_pool_kernels();
std::vector<Kernel> avg_pool_gradient_kernels();

}  // namespace tuff
