#include "models/stardist.h"

#include <fmt/format.h>

#include <bit>
#include <string>

#include "base/error.h"
#include "ops/pool.h"

namespace tuff {
namespace {

int grid_halvings(const StarDistConfig& config) {
  const auto grid = static_cast<std::uint64_t>(config.grid);
  if (config.grid < 1 || !std::has_single_bit(grid))
    throw Error(fmt::format("stardist: the grid {} must be 1, 2, 4 ...", config.grid));
  return std::countr_zero(grid);
}

void check(const StarDistConfig& config, Value x) {
  if (config.rays < 3 || config.features < 1 || config.classes < 0)
    throw Error(fmt::format("stardist: {} rays must be at least 3, {} features 1, and {} classes not negative",
                            config.rays, config.features, config.classes));
  require_input("stardist", x, config.net.rank, config.net.in_channels);
  for (int axis = 0; axis < config.net.rank; ++axis) {
    const std::int64_t extent = x.shape()[axis + 2];
    if (stardist_output_size(config, extent, axis) > 0) continue;
    const auto [below, above] = stardist_nearest_sizes(config, extent, axis);
    throw Error(fmt::format("stardist: an extent of {} doesn't fit a grid of {} and a depth of {}; nearest: {}{}",
                            extent, config.grid, config.net.depth, below > 0 ? fmt::format("{} or ", below) : "",
                            above));
  }
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

std::vector<AxisLayer> stardist_axis(const StarDistConfig& config, int axis) {
  const AxisLayer convolution = AxisLayer::convolution(3, config.net.padding == Padding::same);
  std::vector<AxisLayer> layers;
  for (int i = 0; i < grid_halvings(config); ++i)
    layers.insert(layers.end(), {convolution, convolution, AxisLayer::reduction(2)});
  const std::vector<AxisLayer> net = unet_axis(config.net, axis);
  layers.insert(layers.end(), net.begin(), net.end());
  layers.push_back(convolution);
  return layers;
}

std::int64_t stardist_output_size(const StarDistConfig& config, std::int64_t input, int axis) {
  return output_extent(stardist_axis(config, axis), input);
}

std::pair<std::int64_t, std::int64_t> stardist_nearest_sizes(const StarDistConfig& config, std::int64_t input,
                                                             int axis) {
  return nearest_extents([&](std::int64_t size) { return stardist_output_size(config, size, axis); }, input);
}

std::int64_t stardist_alignment(const StarDistConfig& config, int axis) {
  return alignment_of(stardist_axis(config, axis));
}

std::int64_t stardist_receptive_radius(const StarDistConfig& config, int axis) {
  std::vector<AxisLayer> layers = stardist_axis(config, axis);
  const std::int64_t taken = stardist_nearest_sizes(config, 0, axis).second;
  const std::int64_t margin = (taken - stardist_output_size(config, taken, axis) * config.grid) / 2;
  // As if each result stood for all pixels of its cell.
  layers.push_back({.kind = AxisLayer::Kind::repeat, .stride = config.grid});
  return receptive_radius(layers, margin);
}

}  // namespace tuff
