#include "ops/dice_loss.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/channel_parts.h"
#include "ops/class_indicator.h"
#include "ops/loss.h"
#include "ops/loss_sum.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Inputs of the loss: x, target. Outputs: loss, sum(p t) per class, sum(p) + sum(t) per class. The op itself knows
// no softmax: that is an op before it.
class DiceOp : public Op {
 public:
  explicit DiceOp(DiceAttributes attributes) : attributes_(attributes) {}
  const DiceAttributes& values() const { return attributes_; }
  std::string attributes() const override {
    const bool sigmoid = attributes_.activation == DiceAttributes::Activation::sigmoid;
    return fmt::format("activation={} smooth={}", sigmoid ? "sigmoid" : "none", attributes_.smooth);
  }

 private:
  DiceAttributes attributes_;
};

// Inputs: x, target, both sums, upstream (scalar).
class DiceGradient : public DiceOp {
 public:
  using DiceOp::DiceOp;
  std::string_view name() const override { return "dice_loss_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override { return {inputs[0]}; }
};

class DiceLoss : public DiceOp {
 public:
  using DiceOp::DiceOp;
  std::string_view name() const override { return "dice_loss"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    require_float(name(), "x", x);
    if (x.shape.rank() < 2) throw Error(fmt::format("dice_loss: x must be (N, C, spatial...), got {}", to_string(x)));
    if (inputs[1] != x && !is_class_map(inputs[1], x))
      throw Error(
          fmt::format("dice_loss: target is {}, must be f32 of x's shape ({}), or i32 classes (N, 1, spatial...)",
                      to_string(inputs[1]), to_string(x)));
    const TensorType sums{DType::f32, Shape{x.shape.channels()}};
    return {{DType::f32, Shape{}}, sums, sums};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    if (context.upstream[1] || context.upstream[2]) throw Error("dice_loss: only the loss has a gradient");
    Graph& graph = context.inputs[0].graph();
    const Value dx = graph.add(
        std::make_shared<DiceGradient>(values()),
        {context.inputs[0], context.inputs[1], context.outputs[1], context.outputs[2], context.upstream[0]})[0];
    return {dx, {}};
  }
};

// Constants that both shaders share, after their own.
void push_target(const KernelRequest& request, std::vector<std::uint32_t>& constants) {
  const TensorType& x = request.inputs[0];
  const bool dense = request.inputs[1].dtype == DType::f32;
  const ClassMap map = dense ? ClassMap{} : class_map(request.inputs[1], x);
  const bool sigmoid =
      static_cast<const DiceOp&>(request.op).values().activation == DiceAttributes::Activation::sigmoid;
  constants.insert(constants.end(),
                   {static_cast<std::uint32_t>(x.shape.channels()), dense ? 1u : 0u, sigmoid ? 1u : 0u});
  constants.insert(constants.end(), map.constants.begin(), map.constants.end());
}

// Per part and class the sums of p t and of p + t, then the loss.
KernelDispatches emit_forward(const KernelRequest& request) {
  const TensorType& x = request.inputs[0];
  const auto classes = static_cast<std::uint32_t>(x.shape.channels());
  const auto pixels = static_cast<std::uint64_t>(x.shape.elements()) / classes;
  const std::uint32_t parts = channel_parts(pixels, classes, request.caps);
  Dispatch partial;
  partial.shader = "dice_loss/partial.scalar";
  partial.specialization = {kGroupSize, 1, 1};
  partial.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  partial.constants = {static_cast<std::uint32_t>(pixels), parts};
  push_target(request, partial.constants);
  partial.groups = linear_groups(std::uint64_t{parts} * classes, request.caps);
  partial.bytes = static_cast<double>(x.bytes() + request.inputs[1].bytes());
  Dispatch finish;
  finish.shader = "dice_loss/finish.scalar";
  finish.specialization = {1, 1, 1};
  finish.buffers = {reads_workspace(0), writes_output(0), writes_output(1), writes_output(2)};
  finish.constants = {parts, classes, float_bits(static_cast<const DiceOp&>(request.op).values().smooth)};
  return {{std::move(partial), std::move(finish)}, {std::uint64_t{8} * parts * classes}};
}

KernelDispatches emit_gradient(const KernelRequest& request) {
  const TensorType& x = request.inputs[0];
  const auto count = static_cast<std::uint64_t>(x.shape.elements());
  Dispatch dispatch;
  dispatch.shader = "dice_loss/gradient.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(2), reads_input(3), reads_input(4), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count),
                        float_bits(static_cast<const DiceOp&>(request.op).values().smooth)};
  push_target(request, dispatch.constants);
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = static_cast<double>(2 * x.bytes() + request.inputs[1].bytes());
  return {{std::move(dispatch)}, {}};
}

Value activated(Value x, DiceAttributes::Activation activation) {
  switch (activation) {
    case DiceAttributes::Activation::sigmoid: return sigmoid(x);
    case DiceAttributes::Activation::softmax: return softmax(x, 1);
    case DiceAttributes::Activation::none: break;
  }
  return x;
}

// All axes but the channels'.
std::vector<int> pixel_axes(const Shape& shape) {
  std::vector<int> axes = {0};
  for (int axis = 2; axis < shape.rank(); ++axis) axes.push_back(axis);
  return axes;
}

Value overlap_loss(std::string_view op, Value x, Value target, const TverskyAttributes& attributes, Value weight) {
  const Graph::Scope precise = x.graph().full_precision();
  const Shape shape = x.shape();
  if (shape.rank() < 2) throw Error(fmt::format("{}: x must be (N, C, spatial...), got {}", op, to_string(x.type())));
  if (weight && broadcast(op, shape, weight.shape()) != shape)
    throw Error(
        fmt::format("{}: weight ({}) is larger than x ({})", op, to_string(weight.type()), to_string(x.type())));
  if (target.dtype() == DType::i32) {
    target = class_indicator(target, x, attributes.ignore_index);
    const Value known = sum(target, {1}, true);  // 0 where ignored
    weight = weight ? mul(weight, known) : known;
  }
  require_same(op, x, target);
  const Value p = activated(x, attributes.activation);
  const auto total = [&](Value a, Value b) {
    const Value product = mul(a, b);
    return sum(weight ? mul(product, weight) : product, pixel_axes(shape));
  };
  const auto rest = [](Value value) { return add_scalar(neg(value), 1.0f); };
  const Value hit = total(p, target);
  const Value missed =
      add(mul_scalar(total(p, rest(target)), attributes.alpha), mul_scalar(total(rest(p), target), attributes.beta));
  const Value smoothed = add_scalar(hit, attributes.smooth);
  return rest(mean(div(smoothed, add(smoothed, missed))));
}

}  // namespace

Value dice_loss(Value x, Value target, const DiceAttributes& attributes, Value weight) {
  if (weight)
    return overlap_loss("dice_loss", x, target,
                        {.smooth = 0.5f * attributes.smooth, .activation = attributes.activation}, weight);
  DiceAttributes inner = attributes;
  if (attributes.activation == DiceAttributes::Activation::softmax) {
    x = softmax(x, 1);
    inner.activation = DiceAttributes::Activation::none;
  }
  return x.graph().add(std::make_shared<DiceLoss>(inner), {x, target})[0];
}

Value tversky_loss(Value x, Value target, const TverskyAttributes& attributes, Value weight) {
  return overlap_loss("tversky_loss", x, target, attributes, weight);
}

std::vector<Kernel> dice_loss_kernels() {
  return {{"partial_sums", refuse_large, emit_forward}};
}
std::vector<Kernel> dice_loss_gradient_kernels() {
  return {{"elements", refuse_large, emit_gradient}};
}

}  // namespace tuff
