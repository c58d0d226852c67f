#include "ops/sgd.h"

#include <fmt/format.h>

#include "base/error.h"

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
  if (inputs[2].shape.elements() != kStepStateElements ||
      (inputs.size() > least && inputs[least].shape.elements() != 1))
    throw Error(fmt::format("sgd: step_state must have {} elements and gradient_scale one; step_state is {}",
                            kStepStateElements, to_string(inputs[2])));
  return {};
}

}  // namespace tuff
