#include "ops/bce_with_logits.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/loss_sum.h"
#include "ops/pointwise.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

void require_equal(std::string_view op, std::span<const TensorType> inputs, std::size_t count) {
  for (const TensorType& input : inputs.first(count))
    if (input.dtype != DType::f32 || input != inputs[0])
      throw Error(fmt::format("{}: logits ({}) and targets or weights ({}) must be f32 and of one shape", op,
                              to_string(inputs[0]), to_string(input)));
}

// Inputs: x, target, [weight], upstream (scalar).
class BceGradient : public Op {
 public:
  std::string_view name() const override { return "bce_with_logits_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_equal(name(), inputs, inputs.size() - 1);
    return {inputs[0]};
  }
};

class Bce : public Op {
 public:
  std::string_view name() const override { return "bce_with_logits"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_equal(name(), inputs, inputs.size());
    return {{DType::f32, Shape{}}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    std::vector<Value> inputs(context.inputs.begin(), context.inputs.end());
    inputs.push_back(context.upstream[0]);
    std::vector<Value> result(context.inputs.size());
    result[0] = context.inputs[0].graph().add(std::make_shared<BceGradient>(), std::move(inputs))[0];
    return result;
  }
};

// Partial sums, then their sum: the mean.
KernelDispatches emit_forward(const KernelRequest& request) {
  const auto count = static_cast<std::uint64_t>(request.inputs[0].shape.elements());
  const bool weighted = request.inputs.size() == 3;
  const std::uint32_t parts = loss_parts(count, request.caps);
  Dispatch partial;
  partial.shader = "bce_with_logits/partial.scalar";
  partial.specialization = {kGroupSize, 1, 1};
  partial.buffers = {reads_input(0), reads_input(1), reads_input(weighted ? 2 : 1), writes_workspace(0)};
  partial.constants = {static_cast<std::uint32_t>(count), parts, weighted ? 1u : 0u};
  partial.groups = linear_groups(parts, request.caps);
  partial.flops = 10.0 * static_cast<double>(count);
  partial.bytes = (weighted ? 12.0 : 8.0) * static_cast<double>(count);
  const float scale = 1.0f / static_cast<float>(count);
  return {{std::move(partial), sum_parts(parts, scale)}, {std::uint64_t{4} * parts}};
}

KernelDispatches emit_gradient(const KernelRequest& request) {
  const auto count = static_cast<std::uint64_t>(request.inputs[0].shape.elements());
  const bool weighted = request.inputs.size() == 4;
  Dispatch dispatch;
  dispatch.shader = "bce_with_logits/gradient.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(weighted ? 2 : 1), reads_input(weighted ? 3 : 2),
                      writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count), weighted ? 1u : 0u,
                        float_bits(1.0f / static_cast<float>(count))};
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = (weighted ? 16.0 : 12.0) * static_cast<double>(count);
  return {{std::move(dispatch)}, {}};
}

// (1 - t) x + (1 + (pos_weight - 1) t) log(1 + exp(-x)).
Value elements(Value x, Value target, Value pos_weight) {
  require_same("bce_with_logits", x, target);
  const Value negative = mul(add_scalar(neg(target), 1.0f), x);
  const Value soft = softplus(neg(x));
  if (!pos_weight) return add(negative, soft);
  if (broadcast("bce_with_logits", x.shape(), pos_weight.shape()) != x.shape())
    throw Error(fmt::format("bce_with_logits: pos_weight ({}) is larger than x ({})", to_string(pos_weight.type()),
                            to_string(x.type())));
  return add(negative, mul(soft, add_scalar(mul(add_scalar(pos_weight, -1.0f), target), 1.0f)));
}

}  // namespace

Value bce_with_logits(Value x, Value target, Value weight, Value pos_weight, LossReduction reduction) {
  const Graph::Scope precise = x.graph().full_precision();
  const bool fused = reduction == LossReduction::mean && !pos_weight && (!weight || weight.type() == x.type());
  if (!fused) return reduce_loss("bce_with_logits", elements(x, target, pos_weight), {reduction, weight}, false);
  std::vector<Value> inputs = {x, target};
  if (weight) inputs.push_back(weight);
  return x.graph().add(std::make_shared<Bce>(), std::move(inputs))[0];
}

std::vector<Kernel> bce_with_logits_kernels() {
  return {{"partial_sums", refuse_large, emit_forward}};
}
std::vector<Kernel> bce_with_logits_gradient_kernels() {
  return {{"elements", refuse_large, emit_gradient}};
}

}  // namespace tuff
