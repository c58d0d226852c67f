#include "ops/activation.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "ops/expand.h"
#include "ops/pointwise.h"

namespace tuff {
namespace {

void require_nonzero(const char* op, const char* name, float value) {
  if (value == 0.0f || std::isnan(value))
    throw Error(fmt::format("{}: {} is {}; it must be another number than 0", op, name, value));
}

// gamma (x above 0, alpha (exp(x / scale) - 1) below). The sides are added: each is 0, with gradient 0, on the other.
Value exponential_unit(Value x, float alpha, float scale, float gamma) {
  Value below = clamp_max(x, 0.0f);
  if (scale != 1.0f) below = mul_scalar(below, 1.0f / scale);
  below = mul_scalar(expm1(below), alpha * gamma);
  return add(gamma == 1.0f ? relu(x) : mul_scalar(relu(x), gamma), below);
}

// A (C) vector beside (N, C, spatial...).
Value along_channels(Value weight, Value x) {
  const Shape shape = x.shape();
  if (weight.shape().rank() != 1 || weight.shape().elements() == 1 || shape.rank() < 2) return weight;
  if (weight.shape()[0] != shape.channels())
    throw Error(fmt::format("prelu: weight is {}, must have 1 or {} elements for x ({})", to_string(weight.type()),
                            shape.channels(), to_string(x.type())));
  std::vector<std::int64_t> extents(static_cast<std::size_t>(shape.rank()), 1);
  extents[1] = shape.channels();
  return expand(weight, Shape(std::move(extents)), std::vector<int>{1});
}

}  // namespace

// The product sees only negative x: where x is positive and infinite, 0 * x would make the gradient of weight NaN.
Value prelu(Value x, Value weight) {
  return where(greater(x, 0.0f), x, mul(clamp_max(x, 0.0f), along_channels(weight, x)));
}

Value elu(Value x, float alpha) {
  return exponential_unit(x, alpha, 1, 1);
}
Value selu(Value x) {
  return selu(x, 1.67326324f, 1.05070099f);
}
Value selu(Value x, float alpha, float gamma) {
  return exponential_unit(x, alpha, 1, gamma);
}
Value celu(Value x, float alpha) {
  require_nonzero("celu", "alpha", alpha);
  return exponential_unit(x, alpha, alpha, 1);
}

Value gelu(Value x, GeluApproximation approximate) {
  if (approximate == GeluApproximation::none)
    return mul(mul_scalar(x, 0.5f), add_scalar(erf(mul_scalar(x, 0.707106781f)), 1.0f));
  const Value inner = mul_scalar(mul(x, add_scalar(mul_scalar(square(x), 0.044715f), 1.0f)), 0.797884561f);
  return mul(mul_scalar(x, 0.5f), add_scalar(tanh(inner), 1.0f));
}
Value silu(Value x) {
  return mul(x, sigmoid(x));
}
Value mish(Value x) {
  return mul(x, tanh(softplus(x)));
}

Value hardtanh(Value x, float min_val, float max_val) {
  if (!(min_val <= max_val)) throw Error(fmt::format("hardtanh: min_val {} is above max_val {}", min_val, max_val));
  return ceil_at(floor_at(x, min_val), max_val);
}
Value relu6(Value x) {
  return ceil_at(relu(x), 6.0f);
}
Value hardsigmoid(Value x, float alpha, float beta) {
  return ceil_at(relu(add_scalar(mul_scalar(x, alpha), beta)), 1.0f);
}
Value hardswish(Value x) {
  return mul(x, mul_scalar(relu6(add_scalar(x, 3.0f)), 1.0f / 6));
}

// From about 17 on float can't tell softplus from x, so only lower thresholds need a choice.
Value softplus(Value x, float beta, float threshold) {
  require_nonzero("softplus", "beta", beta);
  if (beta == 1.0f && threshold >= 20.0f) return softplus(x);
  const Value scaled = mul_scalar(x, beta);
  const Value smooth = mul_scalar(softplus(scaled), 1.0f / beta);
  return threshold >= 20.0f ? smooth : where(greater(scaled, threshold), x, smooth);
}
Value logsigmoid(Value x) {
  return neg(softplus(neg(x)));
}
Value softsign(Value x) {
  return div(x, add_scalar(abs(x), 1.0f));
}
Value tanhshrink(Value x) {
  return sub(x, tanh(x));
}

Value softshrink(Value x, float lambd) {
  if (!(lambd >= 0)) throw Error(fmt::format("softshrink: lambd is {}, must be 0 or more", lambd));
  return add(floor_at(x, lambd), ceil_at(x, -lambd));  // one of them is a bound, or both are and cancel
}
Value hardshrink(Value x, float lambd) {
  return mask(x, equal(less_equal(abs(x), lambd), 0.0f));
}
Value shrink(Value x, float lambd, float bias) {
  const Value below = mask(add_scalar(x, bias), less(x, -lambd));
  return where(greater(x, lambd), add_scalar(x, -bias), below);
}

// NaN isn't below the threshold, so it passes.
Value threshold(Value x, float threshold, float value) {
  const Value low = less_equal(x, threshold);
  const Value kept = mask(x, equal(low, 0.0f));
  return value == 0.0f ? kept : add(kept, mul_scalar(low, value));
}
Value thresholded_relu(Value x, float alpha) {
  return threshold(x, alpha, 0.0f);
}

}  // namespace tuff
