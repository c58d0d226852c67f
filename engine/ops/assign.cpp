#include "ops/assign.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

void assign(Value variable, Value value) {
  if (variable.graph().info(variable).source.kind != Source::Kind::arena)
    throw Error(fmt::format("assign: the {} to be written isn't a parameter or buffer", to_string(variable.type())));
  variable.graph().add(std::make_shared<Assign>(), {variable, value});
}

std::vector<TensorType> Assign::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 2) throw Error("assign: takes a variable and a value");
  if (!(inputs[0] == inputs[1]) || inputs[0].dtype != DType::f32)
    throw Error(
        fmt::format("assign: value {} must have the variable's type, {}", to_string(inputs[1]), to_string(inputs[0])));
  return {};
}

// ---- kernels ------------------------------------------------------------------------------------

Dispatch copy_dispatch(BufferUse from, BufferUse to, const TensorType& type, const DeviceCaps& caps) {
  const auto count = static_cast<std::uint32_t>(type.shape.elements());
  const std::uint32_t invocations = (count + 3) / 4;
  const Rounds rounds = rounds_for(invocations, caps);
  Dispatch dispatch{"assign/copy.f32", {rounds.size, 1, 1}, {from, to}, {count, rounds.count}};
  dispatch.groups = rounds.groups;
  dispatch.bytes = 2.0 * static_cast<double>(type.bytes());
  return dispatch;
}

std::vector<Kernel> assign_kernels() {
  const auto emit = [](const KernelRequest& request) {
    BufferUse variable = updates_input(0);
    variable.access = Access::write;
    return KernelDispatches{{copy_dispatch(reads_input(1), variable, request.inputs[0], request.caps)}, {}};
  };
  return {{"copy", refuse_large, emit}};
}

}  // namespace tuff
