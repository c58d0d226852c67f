// Max and average pooling over 1 to 3 spatial axes, with PyTorch's semantics. Their gradients gather: every input
// element looks at the windows that cover it, so results are repeatable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "ops/auto_pad.h"
#include "plan/kernel.h"

namespace tuff {

// One value per spatial axis, or one for all.
struct PoolAttributes {
  std::vector<std::int64_t> kernel = {2};
  std::vector<std::int64_t> stride = {};   // empty: the kernel
  std::vector<std::int64_t> padding = {};  // empty: 0; less than the dilated kernel; before where padding_end is given
  std::vector<std::int64_t> padding_end = {};  // after; empty: as before
  std::vector<std::int64_t> dilation = {};     // empty: 1
  bool ceil_mode = false;                      // output size rounds up; windows start inside the input or left padding
  bool count_include_pad = true;               // avg_pool only: padding counts in the divisor
  std::int64_t divisor_override = 0;           // avg_pool only: instead of the number of elements; 0: none
  AutoPad auto_pad = AutoPad::none;            // instead of padding; not full
  bool windows_in_padding = false;  // with ceil_mode: also windows that start in the far padding (older ONNX)
  std::vector<std::int64_t> output_size = {};  // set by the adaptive poolings; then the fields above don't count
  bool operator==(const PoolAttributes&) const = default;
};

// The same with one value per spatial axis and auto_pad turned into padding. Adaptive windows have kernel and stride 0.
PoolAttributes resolve(const PoolAttributes& attributes, std::string_view op, const Shape& input);
// The output's shape for resolved attributes; Error where the input is smaller than the window.
Shape pooled_shape(const PoolAttributes& resolved, std::string_view op, const Shape& input);
std::string to_string(const PoolAttributes& attributes);

struct MaxPool {
  Value output;   // (N, C, pooled...)
  Value indices;  // i32, of the output's shape: the maximum's flat row-major index in the input's spatial plane
};

// x: f32 (N, C, 1 to 3 spatial axes). Padding is minus infinity, a NaN wins, the first of equal maxima wins. A dilated
// window that sees no element gives minus infinity and index -1.
MaxPool max_pool(Value x, const PoolAttributes& attributes = {});

// x: f32 (N, C, 1 to 3 spatial axes). Dilation (ONNX has it) leaves out elements of the window.
Value avg_pool(Value x, const PoolAttributes& attributes = {});

// Window o of an axis goes from floor(o in / out) to ceil((o + 1) in / out): torch's adaptive_avg_pool and
// adaptive_max_pool. output_size has one value per spatial axis or one for all; in * out must stay below 2^31 an axis.
Value adaptive_avg_pool(Value x, const std::vector<std::int64_t>& output_size);
MaxPool adaptive_max_pool(Value x, const std::vector<std::int64_t>& output_size);

struct LpPoolAttributes {
  float norm_type = 2;
  PoolAttributes window = {};
  // false, as in torch: sums x^p, and a window cut short by ceil_mode is scaled to a whole one. true, as in ONNX: sums
  // |x|^p of what the window sees.
  bool magnitudes = false;
  bool operator==(const LpPoolAttributes&) const = default;
};

// (sum over the window of x^p)^(1/p), p = norm_type.
Value lp_pool(Value x, const LpPoolAttributes& attributes = {});

// Over all spatial axes, which stay with extent 1. The maximum's gradient is shared evenly among ties, as of max();
// adaptive_max_pool(x, {1}) gives it to the first of them.
Value global_avg_pool(Value x);
Value global_max_pool(Value x);
Value global_lp_pool(Value x, float norm_type = 2);  // (sum of |x|^p)^(1/p)

// d loss / d x of avg_pool: upstream of the pooled shape, result of `input` shape.
Value avg_pool_gradient(Value upstream, const PoolAttributes& attributes, const Shape& input);

// d loss / d x of max_pool: upstream and indices of the pooled shape, result of `input` shape.
Value max_pool_gradient(Value upstream, Value indices, const PoolAttributes& attributes, const Shape& input);

std::vector<Kernel> max_pool_kernels();
std::vector<Kernel> max_pool_gradient_kernels();
std::vector<Kernel> avg_pool_kernels();
std::vector<Kernel> avg_pool_gradient_kernels();

}  // namespace tuff
