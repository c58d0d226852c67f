#include "ops/elementwise_loss.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/pointwise.h"

namespace tuff {
namespace {

constexpr bool kOverWeights = true, kOverElements = false;

// With c = min(d, delta): c (d - c / 2) is d^2 / 2 up to delta and delta (d - delta / 2) from there.
Value huber(Value x, Value target, float delta) {
  const Value distance = abs(sub(x, target));
  const Value near = clamp_max(distance, delta);
  return mul(near, sub(distance, mul_scalar(near, 0.5f)));
}

}  // namespace

Value l1_loss(Value x, Value target, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_same("l1_loss", x, target);
  return reduce_loss("l1_loss", abs(sub(x, target)), options, kOverWeights);
}

Value mse_loss(Value x, Value target, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_same("mse_loss", x, target);
  return reduce_loss("mse_loss", square(sub(x, target)), options, kOverWeights);
}

Value huber_loss(Value x, Value target, float delta, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_same("huber_loss", x, target);
  if (!(delta > 0)) throw Error(fmt::format("huber_loss: delta is {}, must be above 0", delta));
  return reduce_loss("huber_loss", huber(x, target, delta), options, kOverElements);
}

Value smooth_l1_loss(Value x, Value target, float beta, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_same("smooth_l1_loss", x, target);
  if (!(beta >= 0)) throw Error(fmt::format("smooth_l1_loss: beta is {}, must be 0 or more", beta));
  const Value loss = beta == 0 ? abs(sub(x, target)) : mul_scalar(huber(x, target, beta), 1.0f / beta);
  return reduce_loss("smooth_l1_loss", loss, options, kOverWeights);
}

Value bce_loss(Value x, Value target, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_same("bce_loss", x, target);
  return reduce_loss("bce_loss", binary_cross_entropy(x, target), options, kOverElements);
}

Value kl_div(Value x, Value target, bool log_target, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_same("kl_div", x, target);
  const Value loss = log_target ? mul(exp(target), sub(target, x)) : sub(xlogy(target, target), mul(target, x));
  return reduce_loss("kl_div", loss, options, kOverElements);
}

Value gaussian_kl(Value mean, Value logvar, const LossOptions& options) {
  const Graph::Scope precise = mean.graph().full_precision();
  require_same("gaussian_kl", mean, logvar);
  // exp(logvar) - 1 as one, so that nothing cancels near the standard distribution.
  const Value loss = mul_scalar(add(square(mean), sub(expm1(logvar), logvar)), 0.5f);
  return reduce_loss("gaussian_kl", loss, options, kOverWeights);
}

}  // namespace tuff
