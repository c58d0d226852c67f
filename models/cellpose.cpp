#include "models/cellpose.h"

#include <fmt/format.h>

#include <string>

#include "base/error.h"
#include "models/layers.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/resize.h"

namespace tuff {
namespace {

constexpr float kMomentum = 0.05f;
constexpr float kLeastLength = 1e-12f;  // of a style, squared: a map of zeros has the style 0

class Builder {
 public:
  Builder(Graph& graph, const CellposeConfig& config, bool training)
      : layers_(graph, {.rank = config.rank, .training = training, .norm = NormKind::batch, .momentum = kMomentum}) {}

  // Norm, ReLU, 3x3 convolution.
  Value convolve(Value x, const std::string& name, std::int64_t out, std::int64_t kernel = 3) {
    return layers_.preactivated(x, name + ".0", name + ".1", name + ".2", out, {.kernel = {kernel}});
  }

  // Norm, 1x1 convolution.
  Value project(Value x, const std::string& name, std::int64_t out) {
    return layers_.convolution(layers_.norm(x, name + ".0"), name + ".1", out, {.kernel = {1}});
  }

  Value down(Value x, std::int64_t level, std::int64_t out) {
    const std::string name = fmt::format("downsample.down.res_down_{}", level);
    const auto conv = [&](Value y, int number) {
      return convolve(y, fmt::format("{}.conv.conv_{}", name, number), out);
    };
    const Value projected = project(x, name + ".proj", out);
    x = add(projected, conv(conv(x, 0), 1));
    return add(x, conv(conv(x, 2), 3));
  }

  Value up(Value x, Value skip, Value style, std::int64_t level, std::int64_t out) {
    const std::string name = fmt::format("upsample.up.res_up_{}", level);
    const auto styled = [&](Value y, int number) {
      const std::string layer = fmt::format("{}.conv.conv_{}", name, number);
      const Value shift = with_spatial_axes(layers_.dense(style, layer + ".full", out), layers_.options().rank);
      return convolve(add(y, shift), layer + ".conv", out);
    };
    const Value first = convolve(x, name + ".conv.conv_0", out);
    x = add(project(x, name + ".proj", out), styled(add(first, skip), 1));
    return add(x, styled(styled(x, 2), 3));
  }

 private:
  Layers layers_;
};

Value style_of(Value x) {
  const Value means = global_average(x);
  const Value squares = sum_of_squares(means, {1}, true);
  return mul(means, rsqrt(clamp_min(squares, kLeastLength)));
}

void check(const CellposeConfig& config, Value x) {
  if (config.depth < 1 || config.base < 1 || config.out_channels < 1)
    throw Error(fmt::format("cellpose: depth {}, base {} and out_channels {} must be at least 1", config.depth,
                            config.base, config.out_channels));
  require_input("cellpose", x, config.rank, config.in_channels);
  require_extents("cellpose", x, cellpose_axis(config));
}

}  // namespace

CellposeOutputs cellpose(Graph& graph, Value x, const CellposeConfig& config, bool training) {
  check(config, x);
  Builder builder(graph, config, training);
  std::vector<Value> maps;
  std::int64_t channels = config.base;
  for (std::int64_t level = 0; level <= config.depth; ++level, channels *= 2) {
    if (level > 0) x = max_pool(x, {.kernel = {2}}).output;
    x = builder.down(x, level, channels);
    maps.push_back(x);
  }
  channels /= 2;
  const Value style = style_of(x);
  for (std::int64_t level = config.depth; level >= 0; --level, channels /= 2) {
    if (level < config.depth) x = resize(x, {.scale = {2}, .mode = ResizeMode::nearest});
    x = builder.up(x, maps[static_cast<std::size_t>(level)], style, level, channels);
  }
  return {builder.convolve(x, "output", config.out_channels, 1), style};
}

AxisGeometry cellpose_axis(const CellposeConfig& config) {
  std::vector<AxisLayer> layers;
  const auto block = [&] { layers.insert(layers.end(), 4, AxisLayer::convolution(3, true)); };
  block();
  for (std::int64_t level = 0; level < config.depth; ++level) {
    layers.push_back(AxisLayer::reduction(2));
    block();
  }
  block();
  for (std::int64_t level = 0; level < config.depth; ++level) {
    layers.push_back(AxisLayer::nearest(2));
    block();
  }
  return layers;
}

}  // namespace tuff
