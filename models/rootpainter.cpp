#include "models/rootpainter.h"

#include <fmt/format.h>

#include <string>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/pool.h"

namespace tuff {
namespace {

class Builder {
 public:
  Builder(Graph& graph, const RootPainterConfig& config, bool training)
      : config_(config),
        layers_(graph, {.rank = config.rank, .training = training, .norm = NormKind::group, .groups = config.groups}) {}

  // NAME.FIRST is the convolution, its norm two members on.
  Value convolve(Value x, const std::string& name, int first, std::int64_t out, std::int64_t kernel, Padding padding) {
    x = layers_.convolution(x, fmt::format("{}.{}", name, first), out, {.kernel = {kernel}, .padding = padding});
    return layers_.norm(relu(x), fmt::format("{}.{}", name, first + 2));
  }

  Value enter(Value x) {
    x = convolve(x, "conv_in", 0, config_.width, 3, Padding::valid);
    return convolve(x, "conv_in", 3, config_.width, 3, Padding::valid);
  }

  Value down(Value x, const std::string& name) {
    const Value pooled = max_pool(x, {.kernel = {2}}).output;
    x = convolve(pooled, name + ".conv1", 0, 2 * config_.width, 3, Padding::same);
    x = convolve(x, name + ".conv2", 0, 2 * config_.width, 3, Padding::same);
    return add(layers_.convolution(x, name + ".conv1x1.0", config_.width, {.kernel = {1}, .bias = false}), pooled);
  }

  Value up(Value x, Value skip, const std::string& name) {
    x = layers_.norm(relu(layers_.transposed_convolution(x, name + ".conv1.0", config_.width)), name + ".conv1.2");
    x = add(x, crop_to(skip, x));
    x = convolve(x, name + ".conv2", 0, config_.width, 3, Padding::valid);
    return convolve(x, name + ".conv3", 0, config_.width, 3, Padding::valid);
  }

  Value leave(Value x) { return convolve(x, "conv_out", 0, config_.out_channels, 1, Padding::same); }

 private:
  const RootPainterConfig& config_;
  Layers layers_;
};

void check(const RootPainterConfig& config, Value x) {
  if (config.width < 1 || config.depth < 1 || config.groups < 1 || config.out_channels < 1)
    throw Error(fmt::format("rootpainter: width {}, depth {}, groups {} and out_channels {} must be at least 1",
                            config.width, config.depth, config.groups, config.out_channels));
  require_input("rootpainter", x, config.rank, config.in_channels);
  require_extents("rootpainter", x, rootpainter_axis(config));
}

}  // namespace

Value rootpainter(Graph& graph, Value x, const RootPainterConfig& config, bool training) {
  check(config, x);
  Builder builder(graph, config, training);
  std::vector<Value> maps = {builder.enter(x)};
  for (std::int64_t level = 1; level <= config.depth; ++level)
    maps.push_back(builder.down(maps.back(), fmt::format("down{}", level)));
  x = maps.back();
  for (std::int64_t level = 1; level <= config.depth; ++level)
    x = builder.up(x, maps[static_cast<std::size_t>(config.depth - level)], fmt::format("up{}", level));
  return builder.leave(x);
}

AxisGeometry rootpainter_axis(const RootPainterConfig& config) {
  std::vector<AxisLayer> layers(2, AxisLayer::convolution(3, false));
  for (std::int64_t level = 0; level < config.depth; ++level)
    layers.insert(layers.end(),
                  {AxisLayer::reduction(2), AxisLayer::convolution(3, true), AxisLayer::convolution(3, true)});
  for (std::int64_t level = 0; level < config.depth; ++level)
    layers.insert(layers.end(),
                  {AxisLayer::expansion(2), AxisLayer::convolution(3, false), AxisLayer::convolution(3, false)});
  return layers;
}

}  // namespace tuff
