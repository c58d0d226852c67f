#include "ops/sgd.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

void sgd(Value parameters, Value gradients, Value momentum_buffer, Value state, SgdAttributes attributes,
         Value gradient_scale) {
  std::vector<Value> inputs = {parameters, gradients, state};
  if (momentum_buffer) inputs.push_back(momentum_buffer);
  if (gradient_scale) inputs.push_back(gradient_scale);
  parameters.graph().add(std::make_shared<Sgd>(attributes), std::move(inputs));
}

std::string Sgd::attributes() const {
  return fmt::format("momentum={} dampening={} weight_decay={} nesterov={}", attributes_.momentum,
                     attributes_.dampening, attributes_.weight_decay, attributes_.nesterov);
}

std::vector<int> Sgd::written_inputs() const {
  if (attributes_.momentum != 0) return {0, 3};
  return {0};
}

std::vector<TensorType> Sgd::infer(std::span<const TensorType> inputs) const {
  const std::size_t least = attributes_.momentum != 0 ? 4 : 3;
  if (inputs.size() != least && inputs.size() != least + 1)
    throw Error(
        fmt::format("sgd: with momentum={} it takes parameters, gradients, step_state{} and perhaps gradient_scale",
                    attributes_.momentum, attributes_.momentum != 0 ? ", momentum_buffer" : ""));
  if (attributes_.nesterov && (attributes_.momentum <= 0 || attributes_.dampening != 0))
    throw Error("sgd: nesterov needs momentum above 0 and no dampening");
  if (!(inputs[1] == inputs[0]) || (least == 4 && !(inputs[3] == inputs[0])) || inputs[0].dtype != DType::f32)
    throw Error(fmt::format("sgd: gradients ({}) and momentum_buffer must be f32 of the parameters' shape {}",
                            to_string(inputs[1]), to_string(inputs[0].shape)));
  if (inputs[0].shape.elements() % 4 != 0)
    throw Error(fmt::format("sgd: updates whole flat arenas, multiples of 4 elements; parameters are {}",
                            to_string(inputs[0])));
  if (inputs[2].shape.elements() != kStepStateElements ||
      (inputs.size() > least && inputs[least].shape.elements() != 1))
    throw Error(fmt::format("sgd: step_state must have {} elements and gradient_scale one; step_state is {}",
                            kStepStateElements, to_string(inputs[2])));
  return {};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_sgd(const KernelRequest& request) {
  const SgdAttributes& attributes = static_cast<const Sgd&>(request.op).values();
  const bool momentum = attributes.momentum != 0;
  const std::uint32_t scale = momentum ? 4 : 3;  // the input that gradient_scale is, where there is one
  const bool scaled = request.inputs.size() > scale;
  const auto count = static_cast<std::uint32_t>(request.inputs[0].shape.elements() / 4);
  const auto bits = [](double value) { return float_bits(static_cast<float>(value)); };
  Dispatch dispatch{"sgd/sgd.f32",
                    {kGroupSize, 1, 1, scaled ? 1u : 0u,
                     !momentum             ? 0u
                     : attributes.nesterov ? 2u
                                           : 1u}};
  // The shader doesn't touch the buffers that aren't there.
  dispatch.buffers = {updates_input(0), reads_input(1), momentum ? updates_input(3) : reads_input(1), reads_input(2),
                      reads_input(scaled ? scale : 2)};
  const std::uint32_t rounds = group_rounds(count, request.caps);
  dispatch.constants = {count, rounds, bits(attributes.momentum), bits(1 - attributes.dampening),
                        bits(attributes.weight_decay)};
  dispatch.groups = linear_groups(count, request.caps, rounds);
  dispatch.flops = 24.0 * count;
  dispatch.bytes = (momentum ? 5.0 : 3.0) * static_cast<double>(request.inputs[0].bytes());
  return {{dispatch}, {}};
}

}  // namespace

std::vector<Kernel> sgd_kernels() {
  return {{"flat", refuse_large, emit_sgd}};
}

}  // namespace tuff
