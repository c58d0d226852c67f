#include "models/unet.h"

#include <fmt/format.h>

#include <string>

#include "base/error.h"
#include "ops/concat.h"
#include "ops/pointwise.h"
#include "ops/pool.h"

namespace tuff {
namespace {

using Config = UNetConfig;

bool is_flat(const Config& config, std::int64_t level) {
  return config.rank == 3 && level < config.flat_levels;
}

// Along each axis: of a level's convolutions, and how much smaller the level below is.
PerAxis kernel_of(const Config& config, std::int64_t level) {
  return is_flat(config, level) ? PerAxis{1, 3, 3} : PerAxis{3};
}
PerAxis halving_of(const Config& config, std::int64_t level) {
  return is_flat(config, level) ? PerAxis{1, 2, 2} : PerAxis{2};
}

// Adds the layers of one network; names follow PyTorch's, labels too.
class Builder {
 public:
  Builder(Graph& graph, const Config& config, bool training, Value random_state)
      : config_(config),
        layers_(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .groups = config.groups,
                        .activation = config.activation,
                        .random_state = random_state}) {}

  Value block(Value x, const std::string& name, std::int64_t channels, std::int64_t level) {
    const BlockOptions options{.kernel = kernel_of(config_, level),
                               .padding = config_.padding,
                               .separable = config_.block == Config::Block::separable};
    return config_.block == Config::Block::residual ? layers_.residual_block(x, name, channels, options)
                                                    : layers_.double_convolution(x, name, channels, options);
  }

  Value dropout(Value x) { return layers_.dropout(x, config_.dropout); }

  Value halve(Value x, std::int64_t level) {
    const std::string name = fmt::format("down.{}", level);
    const PerAxis factors = halving_of(config_, level);
    if (config_.down == Config::Down::stride)
      return layers_.convolution(x, name, x.shape()[1],
                                 {.kernel = factors, .stride = factors, .padding = Padding::valid});
    const auto scope = layers_.graph().scope(name);
    return max_pool(x, {.kernel = factors}).output;
  }

  // Twice the size, half the channels, joined with the encoder's map of that level.
  Value rise(Value skip, Value x, std::int64_t level) {
    const PerAxis factors = halving_of(config_, level);
    const Value up = layers_.upsample(x, fmt::format("up.{}", level), x.shape()[1] / 2, factors, config_.up);
    if (config_.skip == Config::Skip::none) return up;
    const std::string name = fmt::format("skip.{}", level);
    {
      const auto scope = layers_.graph().scope(name);
      skip = crop_to(skip, up);
    }
    if (config_.attention) skip = layers_.attention_gate(skip, x, fmt::format("attention.{}", level), factors);
    const auto scope = layers_.graph().scope(name);
    return config_.skip == Config::Skip::concat ? concat({skip, up}) : add(skip, up);
  }

  Value head(Value x, const std::string& name) {
    return layers_.convolution(x, name, config_.out_channels, {.kernel = {1}});
  }

 private:
  const Config& config_;
  Layers layers_;
};

void check_fields(const Config& config) {
  if (config.rank < 1 || config.rank > 3) throw Error(fmt::format("unet: rank {} must be 1, 2 or 3", config.rank));
  if (config.flat_levels < 0 || config.flat_levels > config.depth || (config.flat_levels > 0 && config.rank != 3))
    throw Error(fmt::format("unet: {} flat levels of {} at rank {}; only stacks (rank 3) have them, at most all",
                            config.flat_levels, config.depth, config.rank));
  if (config.deep_supervision < 0 || config.deep_supervision >= std::max<std::int64_t>(config.depth, 1))
    throw Error(fmt::format("unet: deep supervision of {} levels; below level 0 a depth of {} has {}",
                            config.deep_supervision, config.depth, config.depth - 1));
  if (config.attention && config.skip == Config::Skip::none)
    throw Error("unet: attention gates need skip connections; choose skip concat or add");
}

void check(const Config& config, Value x) {
  check_fields(config);
  require_input("unet", x, config.rank, config.in_channels);
  require_extents("unet", x, [&](int axis) { return unet_axis(config, axis); });
}

}  // namespace

std::vector<Value> unet_features(Graph& graph, Value x, const UNetConfig& config, bool training, Value random_state) {
  check(config, x);
  Builder builder(graph, config, training, random_state);
  if (config.coordinates) x = with_coordinates(x);
  std::vector<Value> skips;
  std::int64_t channels = config.base;
  for (std::int64_t level = 0; level < config.depth; ++level, channels *= 2) {
    skips.push_back(builder.dropout(builder.block(x, fmt::format("encoder.{}", level), channels, level)));
    x = builder.halve(skips.back(), level);
  }
  x = builder.dropout(builder.block(x, "bottom", channels, config.depth));
  std::vector<Value> features(static_cast<std::size_t>(config.depth) + 1, x);
  for (std::int64_t level = config.depth - 1; level >= 0; --level) {
    channels /= 2;
    x = builder.rise(skips[static_cast<std::size_t>(level)], x, level);
    x = builder.block(x, fmt::format("decoder.{}", level), channels, level);
    if (level > 0) x = builder.dropout(x);
    features[static_cast<std::size_t>(level)] = x;
  }
  return features;
}

UNetOutputs unet_outputs(Graph& graph, Value x, const UNetConfig& config, bool training, Value random_state) {
  const std::vector<Value> features = unet_features(graph, x, config, training, random_state);
  Builder builder(graph, config, training, random_state);
  UNetOutputs outputs{.logits = builder.head(features[0], "head"), .lower = {}};
  for (std::int64_t level = 1; level <= config.deep_supervision; ++level)
    outputs.lower.push_back(builder.head(features[static_cast<std::size_t>(level)], fmt::format("heads.{}", level)));
  return outputs;
}

Value unet(Graph& graph, Value x, const UNetConfig& config, bool training, Value random_state) {
  return unet_outputs(graph, x, config, training, random_state).logits;
}

AxisGeometry unet_axis(const UNetConfig& config, int axis) {
  std::vector<AxisLayer> layers;
  const bool padded = config.padding == Padding::same, first = axis == 0;
  const auto convolve = [&](std::int64_t level) {
    const std::int64_t kernel = first && is_flat(config, level) ? 1 : 3;
    layers.insert(layers.end(), 2, AxisLayer::convolution(kernel, padded));
  };
  const auto factor = [&](std::int64_t level) { return first && is_flat(config, level) ? 1 : 2; };
  for (std::int64_t level = 0; level < config.depth; ++level) {
    convolve(level);
    layers.push_back(AxisLayer::reduction(factor(level)));
  }
  convolve(config.depth);
  const bool interpolates = unet_interpolates(config);
  for (std::int64_t level = config.depth - 1; level >= 0; --level) {
    layers.push_back(
        {.kind = interpolates ? AxisLayer::Kind::linear : AxisLayer::Kind::repeat, .stride = factor(level)});
    convolve(level);
  }
  return layers;
}

bool unet_interpolates(const UNetConfig& config) {
  return config.up == Upsampling::bilinear || config.attention;
}

}  // namespace tuff
