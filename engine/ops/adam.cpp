#include "ops/adam.h"

#include <fmt/format.h>

#include <cmath>

#include "ops/spatial.h"

namespace tuff {

std::array<float, kStepStateElements> step_state(double learning_rate, std::int64_t step,
                                                 const AdamAttributes& attributes) {
  const auto t = static_cast<double>(step);
  return {static_cast<float>(learning_rate), static_cast<float>(1 / (1 - std::pow(attributes.beta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(attributes.beta2, t))), step == 1 ? 1.0f : 0.0f,
          static_cast<float>(step - 1)};
}

std::vector<Value> adam(Value parameters, Value gradients, Value m, Value v, Value state, AdamAttributes attributes,
                        const UpdateOptions& options) {
  return add_optimizer(std::make_shared<Adam>(attributes, options), {parameters, gradients, m, v, state}, options);
}

std::string Adam::attributes() const {
  return fmt::format("beta1={} beta2={} eps={} weight_decay={}{}{}", attributes_.beta1, attributes_.beta2,
                     attributes_.eps, attributes_.weight_decay, attributes_.decoupled_weight_decay ? " decoupled" : "",
                     update_text());
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_adam(const KernelRequest& request) {
  const AdamAttributes& attributes = static_cast<const Adam&>(request.op).values();
  const double decay = attributes.weight_decay;
  const bool decoupled = attributes.decoupled_weight_decay;
  return update_dispatch(request, "adam/adam",
                         {updates_input(0), reads_input(1), updates_input(2), updates_input(3), reads_input(4)}, {},
                         {1 - attributes.beta1, attributes.beta2, 1 - attributes.beta2, attributes.eps,
                          decoupled ? decay : 0, decoupled ? 0 : decay},
                         60);
}

}  // namespace

std::vector<Kernel> adam_kernels() {
  return {{"flat", refuse_large, emit_adam}};
}

}  // namespace tuff
