#include "ops/adam.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/spatial.h"

namespace tuff {

std::array<float, kStepStateElements> step_state(double learning_rate, std::int64_t step,
                                                 const AdamAttributes& attributes) {
  const auto t = static_cast<double>(step);
  return {static_cast<float>(learning_rate), static_cast<float>(1 / (1 - std::pow(attributes.beta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(attributes.beta2, t))), step == 1 ? 1.0f : 0.0f};
}

void adam(Value parameters, Value gradients, Value m, Value v, Value state, AdamAttributes attributes,
          Value gradient_scale) {
  std::vector<Value> inputs = {parameters, gradients, m, v, state};
  if (gradient_scale) inputs.push_back(gradient_scale);
  parameters.graph().add(std::make_shared<Adam>(attributes), std::move(inputs));
}

Value clip_coefficient(Value gradients, float max_norm) {
  const Value norm = sqrt(sum_of_squares(gradients));
  return clamp_max(mul_scalar(reciprocal(add_scalar(norm, 1e-6f)), max_norm), 1.0f);
}

std::string Adam::attributes() const {
  return fmt::format("beta1={} beta2={} eps={} weight_decay={}", attributes_.beta1, attributes_.beta2, attributes_.eps,
                     attributes_.weight_decay);
}

std::vector<TensorType> Adam::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 5 && inputs.size() != 6)
    throw Error("adam: takes parameters, gradients, m, v, step_state and perhaps gradient_scale");
  for (std::size_t index = 0; index < 4; ++index)
    if (!(inputs[index] == inputs[0]) || inputs[index].dtype != DType::f32)
      throw Error(fmt::format("adam: gradients and moments must be f32 of the parameters' shape {}, one is {}",
                              to_string(inputs[0].shape), to_string(inputs[index])));
  if (inputs[0].shape.elements() % 4 != 0)
    throw Error(fmt::format("adam: updates whole flat arenas, multiples of 4 elements; parameters are {}",
                            to_string(inputs[0])));
  if (inputs[4].shape.elements() != kStepStateElements || (inputs.size() == 6 && inputs[5].shape.elements() != 1))
    throw Error(fmt::format("adam: step_state must have {} elements and gradient_scale one; step_state is {}",
                            kStepStateElements, to_string(inputs[4])));
  return {};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_adam(const KernelRequest& request) {
  const AdamAttributes& attributes = static_cast<const Adam&>(request.op).values();
  const bool scaled = request.inputs.size() == 6;
  const auto count = static_cast<std::uint32_t>(request.inputs[0].shape.elements() / 4);
  const auto bits = [](double value) { return float_bits(static_cast<float>(value)); };
  Dispatch dispatch{"adam/adam.f32", {kGroupSize, 1, 1, scaled ? 1u : 0u}};
  dispatch.buffers = {updates_input(0), reads_input(1), updates_input(2),
                      updates_input(3), reads_input(4), reads_input(scaled ? 5 : 4)};
  const std::uint32_t rounds = group_rounds(count, request.caps);
  dispatch.constants = {count,
                        rounds,
                        bits(1 - attributes.beta1),
                        bits(attributes.beta2),
                        bits(1 - attributes.beta2),
                        bits(attributes.eps),
                        bits(attributes.weight_decay)};
  dispatch.groups = linear_groups(count, request.caps, rounds);
  dispatch.flops = 60.0 * count;
  dispatch.bytes = 7.0 * static_cast<double>(request.inputs[0].bytes());
  return {{dispatch}, {}};
}

}  // namespace

std::vector<Kernel> adam_kernels() {
  return {{"flat", refuse_large, emit_adam}};
}

}  // namespace tuff
