// Activation functions, and elementwise functions beyond arithmetic.
#include <cmath>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/activation.h"
#include "ops/elementary.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"

namespace tuff::onnx {
namespace {

template <Value (*function)(Value)>
void unary(DeviceNode& node) {
  node.set(0, function(node.real(0)));
}

template <Value (*function)(Value)>
void test(DeviceNode& node) {
  node.set_bool(function(node.real(0)));
}

template <Value (*function)(Value, Value)>
void logic(DeviceNode& node) {
  node.set_bool(function(node.real(0), node.real(1)));
}

void mod_node(DeviceNode& node) {
  node.set(0, node.integer("fmod", 0) != 0 ? fmod(node.real(0), node.real(1)) : remainder(node.real(0), node.real(1)));
}

void is_inf_node(DeviceNode& node) {
  node.set_bool(isinf(node.real(0), node.integer("detect_positive", 1) != 0, node.integer("detect_negative", 1) != 0));
}

// The slope broadcasts to x as any second operand; before opset 7 a vector meant channels.
void prelu_node(DeviceNode& node) {
  Value slope = node.real(1);
  const std::int64_t rank = node.rank(0);
  if (node.opset() < 7 && node.rank(1) == 1 && rank > 2 && node.shape(1)[0] != 1) {
    Extents shape(static_cast<std::size_t>(rank - 1), 1);
    shape[0] = node.shape(1)[0];
    slope = reshape(slope, shape);
  }
  const Value x = node.real(0);
  node.set(0, where(less(x, node.graph().scalar(0)), mul(slope, x), x));
}

void elu_node(DeviceNode& node) {
  node.set(0, elu(node.real(0), node.number("alpha", 1)));
}
void selu_node(DeviceNode& node) {
  node.set(0, selu(node.real(0), node.number("alpha", 1.67326319217681884765625f),
                   node.number("gamma", 1.05070102214813232421875f)));
}
void celu_node(DeviceNode& node) {
  node.set(0, celu(node.real(0), node.number("alpha", 1)));
}
void gelu_node(DeviceNode& node) {
  node.set(
      0, gelu(node.real(0), node.choice("approximate", "none", {"none", "tanh"}) == "tanh" ? GeluApproximation::tanh
                                                                                           : GeluApproximation::none));
}
void hard_sigmoid_node(DeviceNode& node) {
  node.set(0, hardsigmoid(node.real(0), node.number("alpha", 0.2f), node.number("beta", 0.5f)));
}
void shrink_node(DeviceNode& node) {
  node.set(0, shrink(node.real(0), node.number("lambd", 0.5f), node.number("bias", 0)));
}
// NaN isn't above the threshold: 0, where PyTorch's threshold keeps it.
void thresholded_relu_node(DeviceNode& node) {
  const Value x = node.real(0);
  node.set(0, mask(x, greater(x, node.number("alpha", 1))));
}
void swish_node(DeviceNode& node) {
  const Value x = node.real(0);
  node.set(0, mul(x, sigmoid(mul_scalar(x, node.number("alpha", 1)))));
}

}  // namespace

std::span<const HandlerRow> activation_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"Acos", unary<acos>},
      {"Acosh", unary<acosh>},
      {"And", logic<logical_and>},
      {"Asin", unary<asin>},
      {"Asinh", unary<asinh>},
      {"Atan", unary<atan>},
      {"Atanh", unary<atanh>},
      {"Ceil", unary<ceil>},
      {"Celu", celu_node},
      {"Cos", unary<cos>},
      {"Cosh", unary<cosh>},
      {"Elu", elu_node},
      {"Erf", unary<erf>},
      {"Gelu", gelu_node},
      {"HardSigmoid", hard_sigmoid_node},
      {"HardSwish", unary<hardswish>},
      {"IsInf", is_inf_node},
      {"IsNaN", test<isnan>},
      {"Mish", unary<mish>},
      {"Mod", mod_node},
      {"Not", test<logical_not>},
      {"Or", logic<logical_or>},
      {"PRelu", prelu_node},
      {"Round", unary<round>},
      {"Selu", selu_node},
      {"Shrink", shrink_node},
      {"Sin", unary<sin>},
      {"Sinh", unary<sinh>},
      {"Softplus", unary<softplus>},
      {"Softsign", unary<softsign>},
      {"Swish", swish_node},
      {"Tan", unary<tan>},
      {"ThresholdedRelu", thresholded_relu_node},
      {"Xor", logic<logical_xor>},
  };
  return kRows;
}

}  // namespace tuff::onnx
