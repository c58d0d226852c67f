#include "ops/fill.h"

#include <fmt/format.h>

#include "base/error.h"

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

}  // namespace tuff
