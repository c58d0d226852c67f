#include "ops/cross_entropy.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/class_indicator.h"
#include "ops/expand.h"
#include "ops/loss_sum.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Inputs of the loss: x, target, [weight]. Outputs: loss, and what it was divided by. Of the attributes it knows
// ignore_index alone; the others are composed.
class CrossEntropyOp : public Op {
 public:
  explicit CrossEntropyOp(CrossEntropyAttributes attributes) : attributes_(attributes) {}
  const CrossEntropyAttributes& values() const { return attributes_; }
  std::string attributes() const override { return fmt::format("ignore_index={}", attributes_.ignore_index); }

 private:
  CrossEntropyAttributes attributes_;
};

// Inputs: x, target, [weight], divisor, upstream (scalars).
class CrossEntropyGradient : public CrossEntropyOp {
 public:
  using CrossEntropyOp::CrossEntropyOp;
  std::string_view name() const override { return "cross_entropy_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override { return {inputs[0]}; }
};

class CrossEntropy : public CrossEntropyOp {
 public:
  using CrossEntropyOp::CrossEntropyOp;
  std::string_view name() const override { return "cross_entropy"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    require_float(name(), "x", x);
    if (x.shape.rank() < 2)
      throw Error(fmt::format("cross_entropy: x must be (N, C, spatial...), got {}", to_string(x)));
    const bool dense = inputs[1].dtype == DType::f32 && inputs[1] == x;
    if (!dense && !is_class_map(inputs[1], x))
      throw Error(
          fmt::format("cross_entropy: target is {}, must be i32 classes (N, spatial...) or (N, 1, spatial...), or "
                      "f32 probabilities of x's shape ({})",
                      to_string(inputs[1]), to_string(x)));
    if (inputs.size() == 3 && (inputs[2].dtype != DType::f32 || inputs[2].shape != Shape{x.shape.channels()}))
      throw Error(fmt::format("cross_entropy: weight is {}, must be f32 {} for x ({})", to_string(inputs[2]),
                              x.shape.channels(), to_string(x)));
    return {{DType::f32, Shape{}}, {DType::f32, Shape{}}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    if (context.upstream[1]) throw Error("cross_entropy: the divisor has no gradient");
    std::vector<Value> inputs(context.inputs.begin(), context.inputs.end());
    inputs.insert(inputs.end(), {context.outputs[1], context.upstream[0]});
    std::vector<Value> result(context.inputs.size());
    result[0] = context.inputs[0].graph().add(std::make_shared<CrossEntropyGradient>(values()), std::move(inputs))[0];
    return result;
  }
};

// Constants that both shaders share, after their own counts.
void push_target(const KernelRequest& request, bool weighted, std::vector<std::uint32_t>& constants) {
  const TensorType& x = request.inputs[0];
  const bool dense = request.inputs[1].dtype == DType::f32;
  const ClassMap map = dense ? ClassMap{} : class_map(request.inputs[1], x);
  constants.insert(constants.end(),
                   {static_cast<std::uint32_t>(x.shape.channels()), dense ? 1u : 0u, weighted ? 1u : 0u,
                    static_cast<std::uint32_t>(static_cast<const CrossEntropyOp&>(request.op).values().ignore_index)});
  constants.insert(constants.end(), map.constants.begin(), map.constants.end());
}

// Per part the sums of w * loss and of w, then their quotient.
KernelDispatches emit_forward(const KernelRequest& request) {
  const TensorType& x = request.inputs[0];
  const bool weighted = request.inputs.size() == 3;
  const auto pixels = static_cast<std::uint64_t>(x.shape.elements() / x.shape.channels());
  const std::uint32_t parts = loss_parts(pixels, request.caps);
  Dispatch partial;
  partial.shader = "cross_entropy/partial.scalar";
  partial.specialization = {kGroupSize, 1, 1};
  partial.buffers = {reads_input(0), reads_input(1), reads_input(weighted ? 2 : 0), writes_workspace(0)};
  partial.constants = {static_cast<std::uint32_t>(pixels), parts};
  push_target(request, weighted, partial.constants);
  partial.groups = linear_groups(parts, request.caps);
  partial.bytes = static_cast<double>(x.bytes() + request.inputs[1].bytes());
  Dispatch finish;
  finish.shader = "cross_entropy/finish.scalar";
  finish.specialization = {1, 1, 1};
  finish.buffers = {reads_workspace(0), writes_output(0), writes_output(1)};
  finish.constants = {parts};
  return {{std::move(partial), std::move(finish)}, {std::uint64_t{8} * parts}};
}

KernelDispatches emit_gradient(const KernelRequest& request) {
  const TensorType& x = request.inputs[0];
  const bool weighted = request.inputs.size() == 5;
  const auto divisor = static_cast<std::uint32_t>(weighted ? 3 : 2);
  const auto pixels = static_cast<std::uint64_t>(x.shape.elements() / x.shape.channels());
  Dispatch dispatch;
  dispatch.shader = "cross_entropy/gradient.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0),       reads_input(1),           reads_input(weighted ? 2 : 0),
                      reads_input(divisor), reads_input(divisor + 1), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(pixels)};
  push_target(request, weighted, dispatch.constants);
  dispatch.groups = linear_groups(pixels, request.caps);
  dispatch.bytes = static_cast<double>(2 * x.bytes() + request.inputs[1].bytes());
  return {{std::move(dispatch)}, {}};
}

// How much each log-probability counts, and what a mean divides by.
struct Targets {
  Value share;    // f32 of x's shape
  Value divisor;  // scalar
};

Targets class_targets(Value x, Value target, const CrossEntropyAttributes& attributes, Value weight,
                      Value pixel_weight) {
  const Value indicator = class_indicator(target, x, attributes.ignore_index);
  const Value pixels = pixel_weight ? mul(indicator, pixel_weight) : indicator;
  const Value truth = weight ? mul(pixels, weight) : pixels;
  if (attributes.label_smoothing == 0) return {truth, sum(truth)};
  const float share = attributes.label_smoothing / static_cast<float>(x.shape().channels());
  Value spread = mul_scalar(sum(pixels, {1}, true), share);  // 0 where the pixel is ignored
  spread = weight ? mul(expand(spread, x.shape()), weight) : spread;
  return {add(mul_scalar(truth, 1.0f - attributes.label_smoothing), spread), sum(truth)};
}

Targets dense_targets(Value x, Value target, const CrossEntropyAttributes& attributes, Value weight,
                      Value pixel_weight) {
  const auto pixels = static_cast<float>(x.shape().elements() / x.shape().channels());
  Value share = target;
  if (attributes.label_smoothing != 0)
    share = add_scalar(mul_scalar(share, 1.0f - attributes.label_smoothing),
                       attributes.label_smoothing / static_cast<float>(x.shape().channels()));
  if (weight) share = mul(share, weight);
  if (pixel_weight) share = mul(share, pixel_weight);
  return {share, pixel_weight ? sum(pixel_weight) : x.graph().scalar(pixels)};
}

void require_class_loss(std::string_view op, Value x, Value target, Value pixel_weight) {
  const Shape shape = x.shape();
  require_float(op, "x", x.type());
  if (shape.rank() < 2) throw Error(fmt::format("{}: x must be (N, C, spatial...), got {}", op, to_string(x.type())));
  if (!(target.type() == x.type()) && !is_class_map(target.type(), x.type()))
    throw Error(
        fmt::format("{}: target is {}, must be i32 classes (N, spatial...) or (N, 1, spatial...), or f32 "
                    "probabilities of x's shape ({})",
                    op, to_string(target.type()), to_string(x.type())));
  std::vector<std::int64_t> extents = shape.extents();
  extents[1] = 1;
  if (pixel_weight && (pixel_weight.dtype() != DType::f32 || pixel_weight.shape() != Shape(extents)))
    throw Error(fmt::format("{}: pixel_weight is {}, must be f32 {} for x ({})", op, to_string(pixel_weight.type()),
                            to_string(Shape(extents)), to_string(x.type())));
}

Value class_loss(std::string_view op, Value x, Value log_probability, Value target,
                 const CrossEntropyAttributes& attributes, Value weight, Value pixel_weight) {
  require_class_loss(op, x, target, pixel_weight);
  if (!(attributes.label_smoothing >= 0 && attributes.label_smoothing <= 1))
    throw Error(fmt::format("{}: label_smoothing is {}, must be 0 to 1", op, attributes.label_smoothing));
  if (weight) weight = along_channels(op, weight, x);
  const bool classes = target.dtype() == DType::i32;
  const Targets targets = classes ? class_targets(x, target, attributes, weight, pixel_weight)
                                  : dense_targets(x, target, attributes, weight, pixel_weight);
  // Of what isn't the class even an infinite log-probability counts nothing.
  const Value counted = classes ? mask(log_probability, targets.share) : log_probability;
  const Value loss = neg(mul(counted, targets.share));
  switch (attributes.reduction) {
    case LossReduction::none: return sum(loss, {1});
    case LossReduction::sum: return sum(loss);
    case LossReduction::batch_mean: return mul_scalar(sum(loss), 1.0f / static_cast<float>(x.shape().batch()));
    case LossReduction::mean: break;
  }
  return div(sum(loss), targets.divisor);
}

}  // namespace

Value cross_entropy(Value x, Value target, const CrossEntropyAttributes& attributes, Value weight, Value pixel_weight) {
  const Graph::Scope precise = x.graph().full_precision();
  if (attributes.label_smoothing != 0 || attributes.reduction != LossReduction::mean || pixel_weight) {
    require_class_loss("cross_entropy", x, target, pixel_weight);
    return class_loss("cross_entropy", x, log_softmax(x), target, attributes, weight, pixel_weight);
  }
  std::vector<Value> inputs = {x, target};
  if (weight) inputs.push_back(weight);
  return x.graph().add(std::make_shared<CrossEntropy>(attributes), std::move(inputs))[0];
}

Value nll_loss(Value x, Value target, const CrossEntropyAttributes& attributes, Value weight, Value pixel_weight) {
  const Graph::Scope precise = x.graph().full_precision();
  return class_loss("nll_loss", x, x, target, attributes, weight, pixel_weight);
}

std::vector<Kernel> cross_entropy_kernels() {
  return {{"partial_sums", refuse_large, emit_forward}};
}
std::vector<Kernel> cross_entropy_gradient_kernels() {
  return {{"pixels", refuse_large, emit_gradient}};
}

}  // namespace tuff
