#include "models/illumination.h"

#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "models/layers.h"
#include "ops/conv.h"
#include "ops/fill.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"

namespace tuff {

Value illumination_weights(Graph& graph, const IlluminationConfig& config, const std::string& name) {
  if (config.lamps < 1 || config.patterns < 1)
    throw Error(
        fmt::format("illumination: {} lamps and {} patterns must be at least 1", config.lamps, config.patterns));
  const auto scope = graph.scope(name), precise = graph.full_precision();
  if (config.uniform) {
    const float each = config.unit_sum ? 1 / static_cast<float>(config.lamps) : 1;
    return full(graph, {DType::f32, Shape{config.patterns, config.lamps}}, each);
  }
  const Initializer start{Initializer::Kind::normal, 0, 1};
  const Value weight = softplus(graph.parameter(name + ".weight", {config.patterns, config.lamps}, start));
  return config.unit_sum ? div(weight, sum(weight, {1}, true)) : weight;
}

Value illumination(Graph& graph, Value x, const IlluminationConfig& config, const std::string& name) {
  require_input("illumination", x, config.rank, config.lamps);
  const Value mixed = illumination_weights(graph, config, name);
  std::vector<std::int64_t> kernel = {config.patterns, config.lamps};
  kernel.resize(static_cast<std::size_t>(config.rank + 2), 1);
  const auto scope = graph.scope(name);
  return conv(x, reshape(mixed, Shape(kernel), Layout::weight), {});
}

}  // namespace tuff
