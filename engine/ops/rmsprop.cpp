#include "ops/rmsprop.h"

#include <fmt/format.h>

#include <numeric>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

int count_moments(const RmspropAttributes& attributes) {
  return 1 + (attributes.momentum != 0) + attributes.centered;
}

// Inputs 3 to the last are the moments.
std::vector<int> moment_inputs(const RmspropAttributes& attributes) {
  std::vector<int> inputs(static_cast<std::size_t>(count_moments(attributes)));
  std::iota(inputs.begin(), inputs.end(), 3);
  return inputs;
}

std::vector<int> with(int first, std::vector<int> others) {
  others.insert(others.begin(), first);
  return others;
}

}  // namespace

std::vector<Value> rmsprop(Value parameters, Value gradients, const RmspropMoments& moments, Value state,
                           RmspropAttributes attributes, const UpdateOptions& options) {
  if (!moments.square_avg || static_cast<bool>(moments.momentum_buffer) != (attributes.momentum != 0) ||
      static_cast<bool>(moments.grad_avg) != attributes.centered)
    throw Error(
        fmt::format("rmsprop: takes square_avg, a momentum_buffer where momentum (now {}) isn't 0, and grad_avg where "
                    "centered (now {})",
                    attributes.momentum, attributes.centered));
  std::vector<Value> inputs = {parameters, gradients, state, moments.square_avg};
  for (const Value moment : {moments.momentum_buffer, moments.grad_avg})
    if (moment) inputs.push_back(moment);
  return add_optimizer(std::make_shared<Rmsprop>(attributes, options), std::move(inputs), options);
}

Rmsprop::Rmsprop(RmspropAttributes attributes, const UpdateOptions& options)
    : OptimizerOp(options, 3 + count_moments(attributes), with(1, moment_inputs(attributes)), 2),
      attributes_(attributes) {}

std::string Rmsprop::attributes() const {
  return fmt::format("alpha={} eps={} weight_decay={} momentum={} centered={}{}", attributes_.alpha, attributes_.eps,
                     attributes_.weight_decay, attributes_.momentum, attributes_.centered, update_text());
}

std::vector<int> Rmsprop::written() const {
  return with(0, moment_inputs(attributes_));
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_rmsprop(const KernelRequest& request) {
  const RmspropAttributes& attributes = static_cast<const Rmsprop&>(request.op).values();
  const bool momentum = attributes.momentum != 0;
  const auto last = static_cast<std::uint32_t>(2 + count_moments(attributes));
  return update_dispatch(
      request, "rmsprop/rmsprop",
      {updates_input(0), reads_input(1), updates_input(3), momentum ? updates_input(4) : reads_input(1),
       attributes.centered ? updates_input(last) : reads_input(1), reads_input(2)},
      {momentum, attributes.centered},
      {attributes.alpha, 1 - attributes.alpha, attributes.eps, attributes.momentum, attributes.weight_decay}, 50);
}

}  // namespace

std::vector<Kernel> rmsprop_kernels() {
  return {{"flat", refuse_large, emit_rmsprop}};
}

}  // namespace tuff
