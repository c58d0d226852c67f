#include "ops/assign.h"

#include <fmt/format.h>

#include "base/error.h"

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

}  // namespace tuff
