#include "ops/fill.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

Value full(Graph& graph, TensorType type, float value) {
  return graph.add(std::make_shared<Fill>(std::move(type), value), {}).front();
}

Value zeros(Graph& graph, TensorType type) {
  return full(graph, std::move(type), 0);
}

std::string Fill::attributes() const {
  return fmt::format("{} value={}", to_string(type_), value_);
}

std::vector<TensorType> Fill::infer(std::span<const TensorType> inputs) const {
  if (!inputs.empty()) throw Error("fill: takes no inputs");
  if (type_.dtype != DType::f32) throw Error(fmt::format("fill: {} isn't f32", to_string(type_)));
  return {type_};
}

// ---- kernels ------------------------------------------------------------------------------------

Dispatch fill_dispatch(const BufferUse& buffer, std::uint32_t count, float value, const DeviceCaps& caps) {
  const std::uint32_t invocations = (count + 3) / 4;
  const Rounds rounds = rounds_for(invocations, caps);
  Dispatch dispatch{"fill/fill.f32", {rounds.size, 1, 1}, {buffer}, {count, rounds.count, float_bits(value)}};
  dispatch.groups = rounds.groups;
  dispatch.bytes = 4.0 * count;
  return dispatch;
}

std::vector<Kernel> fill_kernels() {
  const auto emit = [](const KernelRequest& request) {
    const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements());
    const float value = static_cast<const Fill&>(request.op).value();
    return KernelDispatches{{fill_dispatch(writes_output(0), count, value, request.caps)}, {}};
  };
  return {{"fill", refuse_large, emit}};
}

}  // namespace tuff
