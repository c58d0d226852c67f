#include "ops/adagrad.h"

#include <fmt/format.h>

#include "ops/spatial.h"

namespace tuff {

std::vector<Value> adagrad(Value parameters, Value gradients, Value sum, Value state, AdagradAttributes attributes,
                           const UpdateOptions& options) {
  return add_optimizer(std::make_shared<Adagrad>(attributes, options), {parameters, gradients, sum, state}, options);
}

std::string Adagrad::attributes() const {
  return fmt::format("lr_decay={} weight_decay={} initial_accumulator_value={} eps={}{}", attributes_.lr_decay,
                     attributes_.weight_decay, attributes_.initial_accumulator_value, attributes_.eps, update_text());
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_adagrad(const KernelRequest& request) {
  const AdagradAttributes& attributes = static_cast<const Adagrad&>(request.op).values();
  return update_dispatch(
      request, "adagrad/adagrad", {updates_input(0), reads_input(1), updates_input(2), reads_input(3)}, {},
      {attributes.lr_decay, attributes.weight_decay, attributes.initial_accumulator_value, attributes.eps}, 40);
}

}  // namespace

std::vector<Kernel> adagrad_kernels() {
  return {{"flat", refuse_large, emit_adagrad}};
}

}  // namespace tuff
