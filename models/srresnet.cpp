#include "models/srresnet.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "ops/pixel_shuffle.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "ops/resize.h"

namespace tuff {
namespace {

constexpr std::int64_t kOuterKernel = 9;

// 4 is twice 2.
std::vector<std::int64_t> steps_of(const SrResNetConfig& config) {
  if (config.upscale == 1) return {};
  if (config.upscale == 2 || config.upscale == 3) return {config.upscale};
  if (config.upscale == 4) return {2, 2};
  if (config.upscale == 8) return {2, 2, 2};
  throw Error(fmt::format("srresnet: upscale {} must be 1, 2, 3, 4 or 8", config.upscale));
}

Value enlarge(Value x, const SrResNetConfig& config) {
  if (config.upscale == 1) return x;
  const bool cubic = config.global_skip == SrResNetConfig::GlobalSkip::bicubic;
  return resize(
      x, {.scale = {static_cast<double>(config.upscale)}, .mode = cubic ? ResizeMode::cubic : ResizeMode::bilinear});
}

}  // namespace

Value srresnet(Graph& graph, Value x, const SrResNetConfig& config, bool training) {
  if (config.features < 1 || config.blocks < 0 || config.out_channels < 1)
    throw Error(fmt::format("srresnet: {} features and out_channels {} must be at least 1, {} blocks not negative",
                            config.features, config.out_channels, config.blocks));
  const bool has_skip = config.global_skip != SrResNetConfig::GlobalSkip::none;
  if (has_skip && config.in_channels != config.out_channels)
    throw Error(fmt::format("srresnet: a global skip takes {} channels to {}; they must be as many", config.in_channels,
                            config.out_channels));
  require_input("srresnet", x, config.rank, config.in_channels);
  const std::vector<std::int64_t> steps = steps_of(config);
  Layers layers(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .groups = config.groups,
                        .activation = ActivationKind::prelu});
  const bool has_bias = config.norm == NormKind::none;
  const std::int64_t features = config.features;
  const Value enlarged = has_skip ? enlarge(x, config) : Value{};
  x = layers.activate(layers.convolution(x, "head", features, {.kernel = {kOuterKernel}}), "head_act");
  const Value shallow = x;
  for (std::int64_t i = 0; i < config.blocks; ++i) {
    const std::string name = fmt::format("blocks.{}", i);
    Value y = layers.block_layer(x, name, "1", features);
    y = layers.norm(layers.convolution(y, name + ".conv2", features, {.bias = has_bias}), name + ".norm2");
    x = add(x, y);
  }
  x = layers.norm(layers.convolution(x, "trunk.conv", features, {.bias = has_bias}), "trunk.norm");
  x = add(x, shallow);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string name = fmt::format("up.{}", i);
    std::int64_t block = 1;  // pixels that one becomes
    for (int axis = 0; axis < config.rank; ++axis) block *= steps[i];
    x = pixel_shuffle(layers.convolution(x, name, features * block), steps[i]);
    x = layers.activate(x, name + ".act");
  }
  if (!has_skip) return layers.convolution(x, "tail", config.out_channels, {.kernel = {kOuterKernel}});
  x = layers.convolution(x, "tail", config.out_channels,
                         {.kernel = {kOuterKernel}, .initializer = Initializer::constant(0)});
  return add(enlarged, x);
}

AxisGeometry srresnet_axis(const SrResNetConfig& config) {
  std::vector<AxisLayer> layers = {AxisLayer::convolution(kOuterKernel, true)};
  const std::int64_t convolutions = 2 * config.blocks + 1;
  layers.insert(layers.end(), static_cast<std::size_t>(convolutions), AxisLayer::convolution(3, true));
  for (const std::int64_t step : steps_of(config))
    layers.insert(layers.end(), {AxisLayer::convolution(3, true), AxisLayer::nearest(step)});
  layers.push_back(AxisLayer::convolution(kOuterKernel, true));
  return layers;
}

Value discriminator(Graph& graph, Value x, const DiscriminatorConfig& config, bool training,
                    const std::string& prefix) {
  if (config.base < 1 || config.pairs < 1 || config.dense < 1)
    throw Error(fmt::format("discriminator: base {}, pairs {} and dense {} must be at least 1", config.base,
                            config.pairs, config.dense));
  require_input("discriminator", x, config.rank, config.in_channels);
  for (int axis = 2; axis < config.rank + 2; ++axis)
    if (x.shape()[axis] != config.side)
      throw Error(
          fmt::format("discriminator: images are {}, the net takes a side of {}", to_string(x.shape()), config.side));
  Layers layers(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .groups = config.groups,
                        .activation = ActivationKind::leaky_relu,
                        .slope = 0.2f,
                        .running = config.running});
  for (std::int64_t pair = 0; pair < config.pairs; ++pair) {
    const std::string name = fmt::format("{}layers.{}", prefix, pair);
    const std::int64_t channels = config.base << pair;
    x = pair > 0 ? layers.block_layer(x, name, "1", channels)
                 : layers.activate(layers.convolution(x, name + ".conv1", channels), name + ".act1");
    x = layers.block_layer(x, name, "2", channels, {.stride = {2}});
  }
  x = layers.activate(layers.dense(flatten(x, 1), prefix + "dense", config.dense), prefix + "dense_act");
  return layers.dense(x, prefix + "score", 1);
}

}  // namespace tuff
