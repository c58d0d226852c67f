#include "models/deepmedic.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "ops/concat.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/slice.h"

namespace tuff {
namespace {

std::int64_t widest_factor(const DeepMedicConfig& config) {
  return config.factors.empty() ? 1 : std::max<std::int64_t>(std::ranges::max(config.factors), 1);
}

// Of each pathway.
std::vector<std::int64_t> factors_of(const DeepMedicConfig& config) {
  std::vector<std::int64_t> factors = {1};
  factors.insert(factors.end(), config.factors.begin(), config.factors.end());
  return factors;
}

// What a pathway's convolutions take off each side, in its own pixels.
std::int64_t border(const DeepMedicConfig& config) {
  return static_cast<std::int64_t>(config.channels.size());
}

void check(const DeepMedicConfig& config, Value x) {
  const auto positive = [](const std::vector<std::int64_t>& values, std::int64_t least) {
    return std::ranges::all_of(values, [&](std::int64_t value) { return value >= least; });
  };
  if (config.channels.empty() || !positive(config.channels, 1) || !positive(config.classifier, 1) ||
      !positive(config.factors, 2) || config.out_channels < 1)
    throw Error("deepmedic: channels must be at least 1, of one convolution or more, and factors at least 2");
  require_input("deepmedic", x, config.rank, config.in_channels);
  require_extents("deepmedic", x, deepmedic_axis(config));
}

// The middle, so much smaller at each side.
Value without_border(Value x, std::int64_t margin) {
  std::vector<std::int64_t> spatial(x.shape().extents().begin() + 2, x.shape().extents().end());
  for (std::int64_t& extent : spatial) extent -= 2 * margin;
  return margin == 0 ? x : center_crop(x, spatial);
}

Value pathway(Layers& layers, Value x, const std::string& name, const DeepMedicConfig& config) {
  Value earlier;  // what went into the convolution before
  for (std::size_t i = 0; i < config.channels.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    const Value into = x;
    const std::int64_t out = config.channels[i];
    const bool adds = config.residual && i >= 3 && i % 2 == 1;
    x = layers.convolution(x, name + ".conv" + number, out,
                           {.padding = Padding::valid, .bias = config.norm == NormKind::none});
    x = layers.norm(x, name + ".norm" + number);
    if (adds) {
      Value shortcut = earlier;
      if (shortcut.shape()[1] != out)
        shortcut = layers.convolution(shortcut, name + ".shortcut" + number, out, {.kernel = {1}, .bias = false});
      x = add(x, crop_to(shortcut, x));
    }
    x = layers.activate(x, name + ".act" + number);
    earlier = into;
  }
  return x;
}

}  // namespace

Value deepmedic(Graph& graph, Value x, const DeepMedicConfig& config, bool training, Value random_state) {
  check(config, x);
  Layers layers(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .groups = config.groups,
                        .activation = config.activation,
                        .random_state = random_state});
  const std::vector<std::int64_t> factors = factors_of(config);
  std::vector<Value> maps;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    Value context = without_border(x, border(config) * (widest_factor(config) - factors[i]));
    if (factors[i] > 1) context = avg_pool(context, {.kernel = {factors[i]}});
    Value map = pathway(layers, context, fmt::format("pathways.{}", i), config);
    if (factors[i] > 1) map = resize(map, {.scale = {static_cast<double>(factors[i])}, .mode = ResizeMode::nearest});
    maps.push_back(map);
  }
  x = concat(maps);
  for (std::size_t i = 0; i < config.classifier.size(); ++i)
    x = layers.dropout(
        layers.block_layer(x, "classifier", std::to_string(i + 1), config.classifier[i], {.kernel = {1}}),
        config.dropout);
  return layers.convolution(x, "head", config.out_channels, {.kernel = {1}});
}

AxisGeometry deepmedic_axis(const DeepMedicConfig& config) {
  std::vector<std::vector<AxisLayer>> paths;
  for (const std::int64_t factor : factors_of(config)) {
    std::vector<AxisLayer>& layers = paths.emplace_back();
    layers = {AxisLayer::crop(border(config) * (widest_factor(config) - factor)), AxisLayer::reduction(factor)};
    layers.insert(layers.end(), config.channels.size(), AxisLayer::convolution(3, false));
    layers.push_back(AxisLayer::nearest(factor));
  }
  return AxisGeometry(std::move(paths));
}

}  // namespace tuff
