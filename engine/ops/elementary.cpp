#include "ops/elementary.h"

#include <limits>

#include "ops/pointwise.h"

namespace tuff {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

}  // namespace

Value ceil(Value x) {
  return neg(floor(neg(x)));
}
Value trunc(Value x) {
  return mul(sign(x), floor(abs(x)));
}

// Division may be off by 2.5 units in the last place (Vulkan): so of what divides evenly, and then of what is left.
Value divide_truncating(Value a, Value b) {
  const Value even = sub(a, fmod(a, b));
  const Value near = round(div(even, b));
  return add(near, round(div(sub(even, mul(near, b)), b)));
}

// Zeros are replaced before the root: masking its infinite gradient alone would leave 0 infinity = NaN.
Value norm_root(Value powers, float p) {
  if (p == 1) return powers;
  const Value safe = where(powers, powers, powers.graph().scalar(1));
  return mask(p == 2 ? sqrt(safe) : pow(safe, 1 / p), powers);
}

Value tan(Value x) {
  return div(sin(x), cos(x));
}
Value atanh(Value x) {
  return mul_scalar(sub(log1p(x), log1p(neg(x))), 0.5f);
}
Value log2(Value x) {
  return mul_scalar(log(x), 1.44269504f);
}

Value remainder(Value a, Value b) {
  const Value rest = fmod(a, b);
  const Value crossed = less(mul(sign(rest), sign(b)), 0.0f);
  return where(crossed, add(rest, b), rest);
}

Value isinf(Value x, bool positive, bool negative) {
  if (positive && negative) return greater(abs(x), kLargest);
  if (positive) return greater(x, kLargest);
  return less(x, negative ? -kLargest : -std::numeric_limits<float>::infinity());
}
Value isfinite(Value x) {
  return less_equal(abs(x), kLargest);
}

Value logical_not(Value x) {
  return equal(x, 0.0f);
}
Value logical_and(Value a, Value b) {
  return equal(add(logical_not(a), logical_not(b)), 0.0f);
}
Value logical_or(Value a, Value b) {
  return less(add(logical_not(a), logical_not(b)), 1.5f);
}
Value logical_xor(Value a, Value b) {
  return not_equal(logical_not(a), logical_not(b));
}

// maximum and minimum share the gradient of equal operands, so they serve only where x is outside.
Value clamp(Value x, Value low, Value high) {
  if (low) x = where(greater_equal(x, low), x, maximum(x, low));
  if (high) x = where(less_equal(x, high), x, minimum(x, high));
  return x;
}

Value lerp(Value start, Value end, float weight) {
  const Value span = sub(end, start);
  return weight < 0.5f ? add(start, mul_scalar(span, weight)) : sub(end, mul_scalar(span, 1.0f - weight));
}

Value lerp(Value start, Value end, Value weight) {
  const Value span = sub(end, start);
  return where(less(weight, 0.5f), add(start, mul(span, weight)), sub(end, mul(span, add_scalar(neg(weight), 1.0f))));
}

}  // namespace tuff
