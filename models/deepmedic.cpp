#include "models/deepmedic.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
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
  for (int axis = 2; axis < config.rank + 2; ++axis) {
    if (deepmedic_output_size(config, x.shape()[axis]) > 0) continue;
    const auto [below, above] = deepmedic_nearest_sizes(config, x.shape()[axis]);
    throw Error(fmt::format("deepmedic: no whole output comes of an extent of {}; the nearest that fit: {}{}",
                            x.shape()[axis], below > 0 ? fmt::format("{} or ", below) : "", above));
  }
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
  std::vector<std::int64_t> factors = {1};
  factors.insert(factors.end(), config.factors.begin(), config.factors.end());
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

std::int64_t deepmedic_margin(const DeepMedicConfig& config) {
  return border(config) * widest_factor(config);
}

std::int64_t deepmedic_alignment(const DeepMedicConfig& config) {
  std::int64_t common = 1;
  for (const std::int64_t factor : config.factors) common = std::lcm(common, std::max<std::int64_t>(factor, 1));
  return common;
}

std::int64_t deepmedic_output_size(const DeepMedicConfig& config, std::int64_t input) {
  const std::int64_t output = input - 2 * deepmedic_margin(config);
  return output > 0 && output % deepmedic_alignment(config) == 0 ? output : 0;
}

std::int64_t deepmedic_input_size(const DeepMedicConfig& config, std::int64_t output) {
  if (output < 1 || output % deepmedic_alignment(config) != 0)
    throw Error(fmt::format("deepmedic: an output of {} isn't a multiple of {}, as the pathways' factors want it",
                            output, deepmedic_alignment(config)));
  return output + 2 * deepmedic_margin(config);
}

std::pair<std::int64_t, std::int64_t> deepmedic_nearest_sizes(const DeepMedicConfig& config, std::int64_t input) {
  return nearest_extents([&](std::int64_t size) { return deepmedic_output_size(config, size); }, input);
}

std::int64_t deepmedic_receptive_radius(const DeepMedicConfig& config) {
  const std::int64_t factor = widest_factor(config);
  std::vector<AxisLayer> layers = {AxisLayer::reduction(factor)};
  layers.insert(layers.end(), config.channels.size(), AxisLayer::convolution(3, false));
  layers.push_back({.kind = AxisLayer::Kind::repeat, .stride = factor});
  return receptive_radius(layers, deepmedic_margin(config));
}

}  // namespace tuff
