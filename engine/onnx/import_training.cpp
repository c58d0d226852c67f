// Optimizer steps as ONNX has them (ai.onnx.preview.training): compositions, differentiable like everything else.
#include <cmath>

#include "onnx/device_node.h"
#include "ops/pointwise.h"

namespace tuff::onnx {
namespace {

// Inputs are learning rate, number of updates so far, then tensors X, their gradients G and states, each group
// together.
struct Step {
  explicit Step(const DeviceNode& node, std::size_t states)
      : tensors((node.inputs() - 2) / (2 + states)), rate(node.real(0)), count(node.scalar(1, 0)) {
    if (node.inputs() < 4 || tensors * (2 + states) + 2 != node.inputs())
      node.fail("its inputs don't make whole groups");
  }
  std::size_t at(std::size_t group, std::size_t tensor) const { return 2 + group * tensors + tensor; }

  std::size_t tensors;
  Value rate;
  double count;
};

Value regularized(const DeviceNode& node, const Step& step, std::size_t tensor) {
  const Value x = node.real(step.at(0, tensor)), g = node.real(step.at(1, tensor));
  return add(mul_scalar(x, node.number("norm_coefficient", 0)), g);
}

void adagrad_node(DeviceNode& node) {
  const Step step(node, 1);
  const double decay = static_cast<double>(node.number("decay_factor", 0));
  const Value rate = mul_scalar(step.rate, static_cast<float>(1 / (1 + step.count * decay)));
  for (std::size_t i = 0; i < step.tensors; ++i) {
    const Value g = regularized(node, step, i);
    const Value h = add(node.real(step.at(2, i)), square(g));
    const Value moved = div(mul(rate, g), add_scalar(sqrt(h), node.number("epsilon", 1e-6f)));
    node.set(i, sub(node.real(step.at(0, i)), moved), node.type(step.at(0, i)));
    node.set(step.tensors + i, h, node.type(step.at(2, i)));
  }
}

void adam_node(DeviceNode& node) {
  const Step step(node, 2);
  const float alpha = node.number("alpha", 0.9f), beta = node.number("beta", 0.999f),
              after = node.number("norm_coefficient_post", 0);
  double correction = 1;
  if (step.count > 0)
    correction = std::sqrt(1 - std::pow(double{beta}, step.count)) / (1 - std::pow(double{alpha}, step.count));
  const Value rate = mul_scalar(step.rate, static_cast<float>(correction));
  for (std::size_t i = 0; i < step.tensors; ++i) {
    const Value g = regularized(node, step, i);
    const Value v = add(mul_scalar(node.real(step.at(2, i)), alpha), mul_scalar(g, 1 - alpha));
    const Value h = add(mul_scalar(node.real(step.at(3, i)), beta), mul_scalar(square(g), 1 - beta));
    const Value x =
        sub(node.real(step.at(0, i)), div(mul(rate, v), add_scalar(sqrt(h), node.number("epsilon", 1e-6f))));
    node.set(i, mul_scalar(x, 1 - after), node.type(step.at(0, i)));
    node.set(step.tensors + i, v, node.type(step.at(2, i)));
    node.set(2 * step.tensors + i, h, node.type(step.at(3, i)));
  }
}

void momentum_node(DeviceNode& node) {
  const Step step(node, 1);
  const float alpha = node.number("alpha", 0), beta = step.count > 0 ? node.number("beta", 0) : 1;
  const bool nesterov = node.text("mode", "standard") == "nesterov";
  for (std::size_t i = 0; i < step.tensors; ++i) {
    const Value g = regularized(node, step, i);
    const Value v = add(mul_scalar(node.real(step.at(2, i)), alpha), mul_scalar(g, beta));
    const Value direction = nesterov ? add(g, mul_scalar(v, alpha)) : v;
    node.set(i, sub(node.real(step.at(0, i)), mul(step.rate, direction)), node.type(step.at(0, i)));
    node.set(step.tensors + i, v, node.type(step.at(2, i)));
  }
}

}  // namespace

std::span<const HandlerRow> training_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"ai.onnx.preview.training.Adagrad", adagrad_node},
      {"ai.onnx.preview.training.Adam", adam_node},
      {"ai.onnx.preview.training.Momentum", momentum_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
