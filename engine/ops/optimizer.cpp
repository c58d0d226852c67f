#include "ops/optimizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/spatial.h"

namespace tuff {

OptimizerOp::OptimizerOp(const UpdateOptions& options, int own, std::vector<int> arenas, int state)
    : update_{static_cast<bool>(options.gradient_scale),
              static_cast<bool>(options.skip),
              static_cast<bool>(options.decay_factors),
              static_cast<bool>(options.average),
              options.average ? options.average_decay : 0,
              options.l1,
              {}},
      residence_{"parameters", {}},
      own_(own),
      arenas_(std::move(arenas)),
      state_(state) {
  for (const Variable& variable : options.updated) {
    update_.updated.push_back(variable.type);
    residence_.offsets.push_back(variable.offset);
  }
}

// An update is where the walk back ends.
std::vector<Value> OptimizerOp::gradient(const GradientContext& context) const {
  return std::vector<Value>(context.inputs.size());
}

std::string OptimizerOp::update_text() const {
  std::string text;
  if (update_.l1 != 0) text += fmt::format(" l1={}", update_.l1);
  if (update_.scaled) text += " scaled";
  if (update_.skippable) text += " skippable";
  if (update_.factors) text += " decay_factors";
  if (update_.averaged) text += fmt::format(" average_decay={}", update_.average_decay);
  if (!update_.updated.empty()) text += fmt::format(" updated={}", update_.updated.size());
  return text;
}

std::vector<int> OptimizerOp::written_inputs() const {
  std::vector<int> all = written();
  if (update_.averaged) all.push_back(own_ + update_.scaled + update_.skippable + update_.factors);
  return all;
}

std::vector<TensorType> OptimizerOp::infer(std::span<const TensorType> inputs) const {
  const auto count =
      static_cast<std::size_t>(own_ + update_.scaled + update_.skippable + update_.factors + update_.averaged);
  if (inputs.size() != count) throw Error(fmt::format("{}: takes {} inputs, got {}", name(), count, inputs.size()));
  const TensorType& parameters = inputs[0];
  const auto require_arena = [&](const TensorType& type) {
    if (!(type == parameters) || type.dtype != DType::f32)
      throw Error(fmt::format("{}: gradients, moments and averages must be f32 of the parameters' shape {}, one is {}",
                              name(), to_string(parameters.shape), to_string(type)));
  };
  for (const int arena : arenas_) require_arena(inputs[static_cast<std::size_t>(arena)]);
  if (parameters.shape.elements() % 4 != 0)
    throw Error(fmt::format("{}: updates whole flat arenas, multiples of 4 elements; parameters are {}", name(),
                            to_string(parameters)));
  const TensorType& state = inputs[static_cast<std::size_t>(state_)];
  auto next = static_cast<std::size_t>(own_);
  const bool one_each = (!update_.scaled || inputs[next++].shape.elements() == 1) &&
                        (!update_.skippable || inputs[next++].shape.elements() == 1);
  if (state.shape.elements() != kStepStateElements || !one_each)
    throw Error(fmt::format("{}: step_state must have {} elements, gradient_scale and skip one; step_state is {}",
                            name(), kStepStateElements, to_string(state)));
  const std::int64_t blocks = (parameters.shape.elements() + kDecayBlock - 1) / kDecayBlock;
  if (update_.factors && inputs[next].shape.elements() != blocks)
    throw Error(fmt::format("{}: decay_factors must be {}, one for each {} parameters, they are {}", name(), blocks,
                            kDecayBlock, to_string(inputs[next])));
  if (update_.averaged) require_arena(inputs.back());
  return update_.updated;
}

std::vector<Value> add_optimizer(std::shared_ptr<const OptimizerOp> op, std::vector<Value> own,
                                 const UpdateOptions& options) {
  Graph& graph = own.front().graph();
  for (const Value value : {options.gradient_scale, options.skip, options.decay_factors, options.average})
    if (value) own.push_back(value);
  return graph.add(std::move(op), std::move(own));
}

KernelDispatches update_dispatch(const KernelRequest& request, std::string_view shader, std::vector<BufferUse> buffers,
                                 std::vector<std::uint32_t> specialization, const std::vector<double>& constants,
                                 double flops) {
  const auto& op = static_cast<const OptimizerOp&>(request.op);
  const UpdateAttributes& update = op.update();
  const auto bits = [](double value) { return float_bits(static_cast<float>(value)); };
  const auto count = static_cast<std::uint32_t>(request.inputs[0].shape.elements() / 4);
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch;
  dispatch.shader = fmt::format("{}.{}", shader, rounds.shares_loads ? "shared" : "f32");
  dispatch.specialization = {rounds.size,     1, 1, update.scaled, update.factors, update.averaged, update.l1 != 0,
                             update.skippable};
  dispatch.specialization.insert(dispatch.specialization.end(), specialization.begin(), specialization.end());
  // The shader doesn't touch the buffers that aren't there.
  dispatch.buffers = std::move(buffers);
  auto next = static_cast<std::uint32_t>(op.own_inputs());
  for (const bool there : {update.scaled, update.skippable, update.factors})
    dispatch.buffers.push_back(reads_input(there ? next++ : 1));
  dispatch.buffers.push_back(update.averaged ? updates_input(next) : reads_input(1));
  dispatch.constants = {count, rounds.count, bits(update.l1), bits(1 - update.average_decay)};
  for (const double constant : constants) dispatch.constants.push_back(bits(constant));
  dispatch.groups = rounds.groups;
  dispatch.flops = flops * count;
  for (const TensorType& input : request.inputs) dispatch.bytes += static_cast<double>(input.bytes());
  for (const int written : op.written_inputs())
    dispatch.bytes += static_cast<double>(request.inputs[static_cast<std::size_t>(written)].bytes());
  return {{std::move(dispatch)}, {}};
}

Value clip_coefficient(Value gradients, float max_norm, Value gradient_scale) {
  Value norm = sqrt(sum_of_squares(gradients));
  if (gradient_scale) norm = mul(norm, gradient_scale);
  const Value coefficient = clamp_max(mul_scalar(reciprocal(add_scalar(norm, 1e-6f)), max_norm), 1.0f);
  return gradient_scale ? mul(coefficient, gradient_scale) : coefficient;
}

}  // namespace tuff
