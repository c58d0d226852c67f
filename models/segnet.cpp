#include "models/segnet.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "ops/pool.h"
#include "ops/unpool.h"

namespace tuff {
namespace {

const PoolAttributes kHalving = {.kernel = {2}};

struct Pooled {
  Value indices;
  Shape before;
};

void check(const SegNetConfig& config, Value x) {
  if (config.base < 1 || config.depth < 1 || config.convolutions < 1 || config.out_channels < 1)
    throw Error(fmt::format("segnet: base {}, depth {}, convolutions {} and out_channels {} must be at least 1",
                            config.base, config.depth, config.convolutions, config.out_channels));
  require_input("segnet", x, config.rank, config.in_channels);
  require_extents("segnet", x, segnet_axis(config));
}

std::int64_t channels_of(const SegNetConfig& config, std::int64_t level) {
  return config.base << std::min<std::int64_t>(level, 3);
}

}  // namespace

Value segnet(Graph& graph, Value x, const SegNetConfig& config, bool training) {
  check(config, x);
  Layers layers(graph, {.rank = config.rank, .training = training, .norm = config.norm, .groups = config.groups});
  std::vector<Pooled> pooled;
  for (std::int64_t level = 0; level < config.depth; ++level) {
    for (std::int64_t i = 1; i <= config.convolutions; ++i)
      x = layers.block_layer(x, fmt::format("encoder.{}", level), std::to_string(i), channels_of(config, level));
    const MaxPool halved = max_pool(x, kHalving);
    pooled.push_back({halved.indices, x.shape()});
    x = halved.output;
  }
  for (std::int64_t level = config.depth - 1; level >= 0; --level) {
    const Pooled& from = pooled[static_cast<std::size_t>(level)];
    x = max_unpool(x, from.indices, kHalving, from.before);
    for (std::int64_t i = 1; i <= config.convolutions; ++i) {
      const bool last = i == config.convolutions;
      x = layers.block_layer(x, fmt::format("decoder.{}", level), std::to_string(i),
                             channels_of(config, last && level > 0 ? level - 1 : level));
    }
  }
  return layers.convolution(x, "head", config.out_channels, {.kernel = {1}});
}

AxisGeometry segnet_axis(const SegNetConfig& config) {
  std::vector<AxisLayer> layers;
  const auto convolve = [&] {
    layers.insert(layers.end(), static_cast<std::size_t>(config.convolutions), AxisLayer::convolution(3, true));
  };
  for (std::int64_t level = 0; level < config.depth; ++level) {
    convolve();
    layers.push_back(AxisLayer::reduction(2));
  }
  for (std::int64_t level = 0; level < config.depth; ++level) {
    // A pixel depends also on which of its window's pixels won: on all of the window.
    layers.push_back(AxisLayer::nearest(2));
    convolve();
  }
  return layers;
}

}  // namespace tuff
