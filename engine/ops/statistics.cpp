#include "ops/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/pointwise.h"
#include "ops/reduce.h"

namespace tuff {
namespace {

// sqrt whose gradient at 0 is 0 instead of infinite.
Value root(Value x) {
  const Value zero = equal(x, 0.0f);
  return mask(sqrt(add(x, zero)), equal(zero, 0.0f));
}

}  // namespace

Value variance(Value x, std::vector<int> axes, float correction, bool keepdim) {
  const Value apart = sub(x, mean(x, axes, true));
  const Value total = sum_of_squares(apart, std::move(axes), keepdim);
  const auto terms = static_cast<float>(x.shape().elements() / total.shape().elements());
  const float freedom = std::max(0.0f, terms - correction);
  return mul_scalar(total, freedom > 0 ? 1 / freedom : std::numeric_limits<float>::infinity());
}

Value standard_deviation(Value x, std::vector<int> axes, float correction, bool keepdim) {
  return root(variance(x, std::move(axes), correction, keepdim));
}

Value vector_norm(Value x, float ord, std::vector<int> axes, bool keepdim) {
  if (ord == 1) return l1_norm(x, std::move(axes), keepdim);
  if (ord == 2) return root(sum_of_squares(x, std::move(axes), keepdim));
  if (std::isinf(ord)) return ord > 0 ? max(abs(x), std::move(axes), keepdim) : min(abs(x), std::move(axes), keepdim);
  if (ord == 0) return sum(equal(equal(x, 0.0f), 0.0f), std::move(axes), keepdim);
  const Value total = sum(pow(abs(x), ord), std::move(axes), keepdim);
  const Value zero = equal(total, 0.0f);
  return mask(pow(add(total, zero), 1 / ord), equal(zero, 0.0f));
}

Value lp_normalize(Value x, float p, std::vector<int> axes, float eps) {
  return div(x, clamp_min(vector_norm(x, p, std::move(axes), true), eps));
}

}  // namespace tuff
