#include "ops/focal_loss.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/bce_with_logits.h"
#include "ops/class_indicator.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace tuff {
namespace {

void require_gamma(std::string_view op, float gamma) {
  if (!(gamma >= 0)) throw Error(fmt::format("{}: gamma is {}, must be 0 or more", op, gamma));
}

// a where t is 1, b where it is 0, and between.
Value between(Value t, Value a, Value b) {
  return add(mul(t, a), mul(add_scalar(neg(t), 1.0f), b));
}

}  // namespace

Value sigmoid_focal_loss(Value x, Value target, float alpha, float gamma, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  require_gamma("sigmoid_focal_loss", gamma);
  const Value entropy = bce_with_logits(x, target, {}, {}, LossReduction::none);
  const Value p = sigmoid(x);
  Value loss = mul(entropy, pow(between(target, sigmoid(neg(x)), p), gamma));
  if (alpha >= 0) loss = mul(loss, add_scalar(mul_scalar(target, 2 * alpha - 1), 1.0f - alpha));
  return reduce_loss("sigmoid_focal_loss", loss, options, false);
}

Value focal_loss(Value x, Value target, const FocalAttributes& attributes, Value weight, Value pixel_weight) {
  const Graph::Scope precise = x.graph().full_precision();
  require_gamma("focal_loss", attributes.gamma);
  if (x.shape().rank() < 2)
    throw Error(fmt::format("focal_loss: x must be (N, C, spatial...), got {}", to_string(x.type())));
  const bool classes = target.dtype() == DType::i32;
  Value share = classes ? class_indicator(target, x, attributes.ignore_index) : target;
  require_same("focal_loss", x, share);
  if (pixel_weight) share = mul(share, pixel_weight);
  const Value counted = classes ? sum(share) : pixel_weight ? sum(pixel_weight) : Value{};
  if (weight) share = mul(share, along_channels("focal_loss", weight, x));
  // What doesn't count gets a finite logarithm: infinities would make 0 times it NaN.
  const Value log_p = add(mask(log_softmax(x), share), neg(equal(share, 0.0f)));
  const Value modulated = mul(log_p, pow(neg(expm1(log_p)), attributes.gamma));
  const Value loss = neg(mul(modulated, share));
  const auto pixels = static_cast<float>(x.shape().elements() / x.shape().channels());
  switch (attributes.reduction) {
    case LossReduction::none: return sum(loss, {1});
    case LossReduction::sum: return sum(loss);
    case LossReduction::batch_mean: return mul_scalar(sum(loss), 1.0f / static_cast<float>(x.shape().batch()));
    case LossReduction::mean: break;
  }
  return counted ? div(sum(loss), counted) : mul_scalar(sum(loss), 1.0f / pixels);
}

}  // namespace tuff
