#include "models/fcn.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/pool.h"

namespace tuff {
namespace {

using Variant = FcnConfig::Variant;

void check(const FcnConfig& config, Value x) {
  if (config.base < 1 || config.wide < 1 || config.out_channels < 1 || std::ranges::min(config.convolutions) < 1)
    throw Error(fmt::format("fcn: base {}, wide {}, out_channels {} and each stage's convolutions must be at least 1",
                            config.base, config.wide, config.out_channels));
  require_input("fcn", x, config.rank, config.in_channels);
  require_extents("fcn", x, fcn_axis(config));
}

// Scores of a stage's pooled map, which start at 0: at first they change nothing.
Value side_scores(Layers& layers, Value pooled, const std::string& name, std::int64_t classes) {
  return layers.convolution(pooled, name, classes, {.kernel = {1}, .initializer = Initializer::constant(0)});
}

}  // namespace

Value fcn(Graph& graph, Value x, const FcnConfig& config, bool training, Value random_state) {
  check(config, x);
  Layers layers(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .groups = config.groups,
                        .random_state = random_state});
  std::vector<Value> pooled;
  for (std::int64_t stage = 0; stage < 5; ++stage) {
    const std::int64_t channels = config.base << std::min<std::int64_t>(stage, 3);
    for (int i = 1; i <= config.convolutions[static_cast<std::size_t>(stage)]; ++i)
      x = layers.block_layer(x, fmt::format("encoder.{}", stage), std::to_string(i), channels);
    x = max_pool(x, {.kernel = {2}}).output;
    pooled.push_back(x);
  }
  for (const char* number : {"1", "2"}) {
    const std::int64_t kernel = *number == '1' ? 3 : 1;
    x = layers.dropout(layers.block_layer(x, "wide", number, config.wide, {.kernel = {kernel}}), config.dropout);
  }
  x = layers.convolution(x, "score", config.out_channels, {.kernel = {1}});
  if (config.variant == Variant::fcn32s) return layers.learned_interpolation(x, "up_final", 32);
  x = add(layers.learned_interpolation(x, "up", 2), side_scores(layers, pooled[3], "score_pool4", config.out_channels));
  if (config.variant == Variant::fcn16s) return layers.learned_interpolation(x, "up_final", 16);
  x = add(layers.learned_interpolation(x, "up_pool4", 2),
          side_scores(layers, pooled[2], "score_pool3", config.out_channels));
  return layers.learned_interpolation(x, "up_final", 8);
}

AxisGeometry fcn_axis(const FcnConfig& config) {
  std::vector<AxisLayer> layers;
  for (const int convolutions : config.convolutions) {
    layers.insert(layers.end(), static_cast<std::size_t>(convolutions), AxisLayer::convolution(3, true));
    layers.push_back(AxisLayer::reduction(2));
  }
  layers.push_back(AxisLayer::convolution(3, true));
  const auto up = [&](std::int64_t factor) { layers.push_back(AxisLayer::expansion(factor, 2 * factor)); };
  if (config.variant != Variant::fcn32s) up(2);
  if (config.variant == Variant::fcn8s) up(2);
  up(config.variant == Variant::fcn32s ? 32 : config.variant == Variant::fcn16s ? 16 : 8);
  return layers;
}

}  // namespace tuff
