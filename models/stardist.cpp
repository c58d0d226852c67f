#include "models/stardist.h"

#include <fmt/format.h>

#include <bit>
#include <string>

#include "base/error.h"
#include "ops/pool.h"
#include "ops/star_distances.h"

namespace tuff {
namespace {

int grid_halvings(const StarDistConfig& config) {
  const auto grid = static_cast<std::uint64_t>(config.grid);
  if (config.grid < 1 || !std::has_single_bit(grid))
    throw Error(fmt::format("stardist: the grid {} must be 1, 2, 4 ...", config.grid));
  return std::countr_zero(grid);
}

void check(const StarDistConfig& config, Value x) {
  const std::int64_t least = star_least_rays(config.net.rank);
  if (config.rays < least || config.features < 1 || config.classes < 0)
    throw Error(fmt::format("stardist: {} rays must be at least {}, {} features 1, and {} classes not negative",
                            config.rays, least, config.features, config.classes));
  require_input("stardist", x, config.net.rank, config.net.in_channels);
  require_extents("stardist", x, [&](int axis) { return stardist_axis(config, axis); });
}

}  // namespace

StarDistOutputs stardist(Graph& graph, Value x, const StarDistConfig& config, bool training, Value random_state) {
  check(config, x);
  UNetConfig net = config.net;
  Layers layers(graph, {.rank = net.rank,
                        .training = training,
                        .norm = net.norm,
                        .groups = net.groups,
                        .activation = net.activation,
                        .random_state = random_state});
  for (int i = 0; i < grid_halvings(config); ++i) {
    x = layers.double_convolution(x, fmt::format("grid.{}", i), net.base, {.padding = net.padding});
    x = max_pool(x, {.kernel = {2}}).output;
    net.in_channels = net.base;
  }
  x = unet_features(graph, x, net, training, random_state).front();
  const auto features = [&](const char* name) {
    return layers.activate(layers.convolution(x, name, config.features, {.padding = net.padding}),
                           std::string(name) + "_act");
  };
  const Value shared = features("features");
  StarDistOutputs outputs;
  outputs.probability = layers.convolution(shared, "probability", 1, {.kernel = {1}});
  outputs.distances = layers.convolution(shared, "distances", config.rays, {.kernel = {1}});
  if (config.classes > 0)
    outputs.classes = layers.convolution(features("class_features"), "classes", config.classes + 1, {.kernel = {1}});
  return outputs;
}

AxisGeometry stardist_axis(const StarDistConfig& config, int axis) {
  const AxisLayer convolution = AxisLayer::convolution(3, config.net.padding == Padding::same);
  std::vector<AxisLayer> layers;
  for (int i = 0; i < grid_halvings(config); ++i)
    layers.insert(layers.end(), {convolution, convolution, AxisLayer::reduction(2)});
  const AxisGeometry net = unet_axis(config.net, axis);
  layers.insert(layers.end(), net.layers().begin(), net.layers().end());
  layers.push_back(convolution);
  return layers;
}

}  // namespace tuff
