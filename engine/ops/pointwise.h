// Elementwise ops with PyTorch's broadcasting (shapes aligned at the right, extents of 1 stretched): f32 in,
// f32 out. Comparisons give 1 or 0 and have no gradient; NaN passes through maximum, minimum, relu and
// clamp as in PyTorch. Rows, expressions and gradients: shaders/pointwise/table.h.
// Relative error at most 1e-6 for every function but pow, whose error grows with |b log a|; sin and cos to |x| = 1e5.
// ops/elementary.h and ops/activation.h compose further functions of these.
#pragma once

#include <span>

#include "graph/graph.h"
#include "ops/pointwise_program.h"
#include "plan/kernel.h"

namespace tuff {

Value add(Value a, Value b);
Value sub(Value a, Value b);
Value mul(Value a, Value b);
Value div(Value a, Value b);
Value maximum(Value a, Value b);
Value minimum(Value a, Value b);
Value pow(Value a, Value b);
Value greater(Value a, Value b);
Value greater_equal(Value a, Value b);
Value less(Value a, Value b);
Value less_equal(Value a, Value b);
Value equal(Value a, Value b);
Value not_equal(Value a, Value b);
Value where(Value condition, Value a, Value b);  // a where condition isn't 0, else b
Value mask(Value a, Value condition);            // a where condition isn't 0, else 0 (even where a is NaN)
Value greater_share(Value a, Value b);           // 0 where a < b, 0.5 where equal, else 1 (NaN too)
Value xlogy(Value a, Value b);                   // a log(b), and 0 where a is 0

Value add_scalar(Value x, float s);
Value mul_scalar(Value x, float s);
Value pow(Value x, float exponent);
Value clamp_min(Value x, float low);
Value clamp_max(Value x, float high);
Value clamp(Value x, float low, float high);
Value greater(Value x, float s);
Value greater_equal(Value x, float s);
Value less(Value x, float s);
Value less_equal(Value x, float s);
Value equal(Value x, float s);

Value neg(Value x);
Value relu(Value x);
Value relu_gradient(Value upstream, Value y);  // upstream where y > 0, else 0; y may be relu's input or output
Value leaky_relu(Value x, float negative_slope = 0.01f);
Value leaky_relu_gradient(Value upstream, Value y, float negative_slope);
Value sigmoid(Value x);
Value tanh(Value x);
Value exp(Value x);
Value log(Value x);
Value sqrt(Value x);
Value rsqrt(Value x);
Value square(Value x);
Value abs(Value x);
Value sign(Value x);
Value reciprocal(Value x);
Value softplus(Value x);  // log(1 + exp(x))
Value floor(Value x);
Value round(Value x);          // halves to the even neighbour
Value fmod(Value a, Value b);  // exact; the result has a's sign
Value isnan(Value x);
Value sin(Value x);
Value cos(Value x);
Value asin(Value x);
Value acos(Value x);
Value atan(Value x);
Value sinh(Value x);
Value cosh(Value x);
Value asinh(Value x);
Value acosh(Value x);
Value erf(Value x);
Value expm1(Value x);                // exp(x) - 1
Value log1p(Value x);                // log(1 + x)
Value floor_at(Value x, float low);  // clamp_min whose gradient is 0 at the bound too, as relu's is
Value ceil_at(Value x, float high);
Value binary_cross_entropy(Value p, Value t);  // -(t log p + (1 - t) log(1 - p)), logarithms at least -100

// The shape that shapes broadcast to, or an Error naming `op` and both.
Shape broadcast(std::string_view op, const Shape& a, const Shape& b);

// How a node of the fused kernel reads an input, in device memory, of a result with C channels and S pixels.
enum class PointwiseAccess : std::uint8_t {
  same,            // element i
  scalar,          // element 0
  channel,         // i % C
  sample_channel,  // (i / (S C)) C + i % C
  pixel,           // i / C
  sample,          // i / (S C)
  image,           // i % (S C): the same for every sample
};

// Whether the kernel can read `input` for `result` in place; if not, the builders put an expand before.
std::optional<PointwiseAccess> pointwise_access(const TensorType& input, const TensorType& result);

// The one op of them all.
class Pointwise : public Op {
 public:
  explicit Pointwise(PointwiseProgram program);
  const PointwiseProgram& program() const { return program_; }

  std::string_view name() const override { return "pointwise"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  HalfOperands half_operands(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<std::pair<int, int>> in_place() const override;

  // The same as one node for each instruction; the results of all instructions in order.
  std::vector<Value> decompose(std::span<const Value> inputs) const;

 private:
  PointwiseProgram program_;
};

// Adds one node for a program; inputs that the kernel can't read in place are expanded before.
Value pointwise(PointwiseProgram program, std::vector<Value> inputs);

std::vector<Kernel> pointwise_kernels();

}  // namespace tuff
