#include "ops/sgd.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

std::vector<Value> sgd(Value parameters, Value gradients, Value momentum_buffer, Value state, SgdAttributes attributes,
                       const UpdateOptions& options) {
  if (attributes.nesterov && (attributes.momentum <= 0 || attributes.dampening != 0))
    throw Error("sgd: nesterov needs momentum above 0 and no dampening");
  if (static_cast<bool>(momentum_buffer) != (attributes.momentum != 0))
    throw Error(
        fmt::format("sgd: momentum is {}; a momentum_buffer belongs to momentum other than 0", attributes.momentum));
  std::vector<Value> inputs = {parameters, gradients, state};
  if (momentum_buffer) inputs.push_back(momentum_buffer);
  return add_optimizer(std::make_shared<Sgd>(attributes, options), std::move(inputs), options);
}

Sgd::Sgd(SgdAttributes attributes, const UpdateOptions& options)
    : OptimizerOp(options, attributes.momentum != 0 ? 4 : 3,
                  attributes.momentum != 0 ? std::vector<int>{1, 3} : std::vector<int>{1}, 2),
      attributes_(attributes) {}

std::string Sgd::attributes() const {
  return fmt::format("momentum={} dampening={} weight_decay={} nesterov={}{}", attributes_.momentum,
                     attributes_.dampening, attributes_.weight_decay, attributes_.nesterov, update_text());
}

std::vector<int> Sgd::written() const {
  if (attributes_.momentum != 0) return {0, 3};
  return {0};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_sgd(const KernelRequest& request) {
  const SgdAttributes& attributes = static_cast<const Sgd&>(request.op).values();
  const bool momentum = attributes.momentum != 0;
  return update_dispatch(
      request, "sgd/sgd",
      {updates_input(0), reads_input(1), momentum ? updates_input(3) : reads_input(1), reads_input(2)},
      {!momentum             ? 0u
       : attributes.nesterov ? 2u
                             : 1u},
      {attributes.momentum, 1 - attributes.dampening, attributes.weight_decay}, 24);
}

}  // namespace

std::vector<Kernel> sgd_kernels() {
  return {{"flat", refuse_large, emit_sgd}};
}

}  // namespace tuff
