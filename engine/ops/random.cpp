#include "ops/random.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/random_use.h"
#include "ops/pointwise.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

std::uint32_t next_number(const Graph& graph) {
  std::uint32_t number = 0;
  for (const Node& node : graph.nodes())
    if (const auto* random = dynamic_cast<const Random*>(node.op.get()))
      number = std::max(number, random->number() + 1);
  return number;
}

Value random(Random::Distribution distribution, Value state, TensorType type, std::optional<std::uint32_t> number) {
  Graph& graph = state.graph();
  return graph
      .add(std::make_shared<Random>(distribution, std::move(type), number.value_or(next_number(graph))), {state})
      .front();
}

}  // namespace

std::array<std::int32_t, kRandomStateElements> random_state(std::uint64_t seed, std::int64_t step) {
  if (step < 0 || step > 0xffffffff)
    throw Error(fmt::format("random_state: step {} is outside of 0 to 2^32 - 1", step));
  return {static_cast<std::int32_t>(seed), static_cast<std::int32_t>(seed >> 32), static_cast<std::int32_t>(step)};
}

Value random_uniform(Value state, TensorType type, std::optional<std::uint32_t> number) {
  return random(Random::Distribution::uniform, state, std::move(type), number);
}

Value random_normal(Value state, TensorType type, std::optional<std::uint32_t> number) {
  return random(Random::Distribution::normal, state, std::move(type), number);
}

Value bernoulli(Value p, Value state, std::optional<std::uint32_t> number) {
  const TensorType type = p.type();
  return less(random_uniform(state, type, number), p);
}

std::string Random::attributes() const {
  return fmt::format("{} {} number={}", distribution_ == Distribution::normal ? "normal" : "uniform", to_string(type_),
                     number_);
}

std::vector<TensorType> Random::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 1 || inputs[0].dtype != DType::i32 || inputs[0].shape.elements() != kRandomStateElements)
    throw Error(fmt::format("random: the state must be i32 of {} elements (seed, seed's high word, step){}",
                            kRandomStateElements, inputs.empty() ? "" : ", not " + to_string(inputs[0])));
  if (type_.dtype != DType::f32) throw Error(fmt::format("random: {} isn't f32", to_string(type_)));
  return {type_};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

// Where logical elements lie: extents of the second axis and of all behind it, strides of the first, the second and
// the others, which all layouts keep together in their order.
std::array<std::uint32_t, 5> places(const TensorType& type) {
  const auto word = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  if (type.shape.rank() < 3) return {1, word(type.shape.elements()), 0, 0, 1};
  const std::vector<std::int64_t> stride = strides(type);
  return {word(type.shape[1]), word(type.shape.spatial()), word(stride[0]), word(stride[1]), word(stride.back())};
}

KernelDispatches emit_philox(const KernelRequest& request) {
  const auto& random = static_cast<const Random&>(request.op);
  const TensorType& type = request.outputs[0];
  const auto count = static_cast<std::uint32_t>(type.shape.elements());
  const std::uint32_t blocks = (count + 3) / 4;
  const Rounds rounds = rounds_for(blocks, request.caps);
  Dispatch dispatch{"random/philox.f32", {rounds.size, 1, 1, static_cast<std::uint32_t>(random.distribution())}};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {count, rounds.count, random.number(), static_cast<std::uint32_t>(RandomUse::op)};
  const auto place = places(type);
  dispatch.constants.insert(dispatch.constants.end(), place.begin(), place.end());
  dispatch.groups = rounds.groups;
  dispatch.linear = true;
  dispatch.flops = 60.0 * count;
  dispatch.bytes = static_cast<double>(type.bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<Kernel> random_kernels() {
  return {{"philox", refuse_large, emit_philox}};
}

}  // namespace tuff
