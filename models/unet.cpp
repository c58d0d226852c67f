#include "models/unet.h"

#include <fmt/format.h>

#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/slice.h"

namespace tuff {
namespace {

using Config = UNetConfig;

// Adds the layers of one network; names follow PyTorch's, labels too.
class Builder {
 public:
  Builder(Graph& graph, const Config& config, bool training) : graph_(graph), config_(config), training_(training) {}

  // Convolution, bias where asked.
  Value convolution(Value x, const std::string& name, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                    std::int64_t padding, bool has_bias) {
    const auto scope = graph_.scope(name);
    const std::int64_t in = x.shape()[1];
    const Value weight =
        graph_.parameter(name + ".weight", {out, in, kernel, kernel}, Initializer::he_normal(in * kernel * kernel));
    const Value bias = has_bias ? graph_.parameter(name + ".bias", {out}, Initializer::constant(0)) : Value{};
    return conv(x, weight, bias, {.stride = {stride, stride}, .padding = {padding, padding}});
  }

  Value double_convolution(Value x, const std::string& name, std::int64_t channels) {
    const std::int64_t padding = config_.padding == Config::Padding::same ? 1 : 0;
    const bool has_bias = config_.norm == Config::Norm::none;
    for (const char* number : {"1", "2"}) {
      x = convolution(x, name + ".conv" + number, channels, 3, 1, padding, has_bias);
      x = normalize_and_rectify(x, name + ".norm" + number);
    }
    return x;
  }

  Value halve(Value x, std::int64_t level) {
    const std::string name = fmt::format("down.{}", level);
    if (config_.down == Config::Down::stride) return convolution(x, name, x.shape()[1], 2, 2, 0, true);
    const auto scope = graph_.scope(name);
    return max_pool(x, {.kernel = {2, 2}}).output;
  }

  // Twice the size, half the channels.
  Value double_size(Value x, std::int64_t level) {
    const std::string name = fmt::format("up.{}", level);
    const std::int64_t in = x.shape()[1];
    if (config_.up == Config::Up::transpose) {
      const auto scope = graph_.scope(name);
      // One weight reaches each output pixel from each input channel: the fan-in is their number.
      const Value weight =
          graph_.parameter(name + ".weight", {in, in / 2, 2, 2}, Initializer::he_normal(in), Layout::transposed_weight);
      const Value bias = graph_.parameter(name + ".bias", {in / 2}, Initializer::constant(0));
      return conv_transpose(x, weight, bias, {.stride = {2, 2}});
    }
    // A 1x1 convolution commutes with interpolation, and before it costs a quarter.
    x = convolution(x, name, in / 2, 1, 1, 0, true);
    const auto scope = graph_.scope(name);
    const bool bilinear = config_.up == Config::Up::bilinear;
    return resize(x, {.scale = {2, 2}, .mode = bilinear ? ResizeMode::bilinear : ResizeMode::nearest});
  }

  Value join(Value skip, Value up, std::int64_t level) {
    if (config_.skip == Config::Skip::none) return up;
    const auto scope = graph_.scope(fmt::format("skip.{}", level));
    if (skip.shape() != up.shape()) skip = center_crop(skip, {up.shape()[2], up.shape()[3]});
    return config_.skip == Config::Skip::concat ? concat({skip, up}) : add(skip, up);
  }

 private:
  Value normalize_and_rectify(Value x, const std::string& name) {
    if (config_.norm == Config::Norm::none) return relu(x);
    const auto scope = graph_.scope(name);
    const std::int64_t channels = x.shape()[1];
    const Value weight = graph_.parameter(name + ".weight", {channels}, Initializer::constant(1));
    const Value bias = graph_.parameter(name + ".bias", {channels}, Initializer::constant(0));
    if (config_.norm == Config::Norm::group)
      return group_norm(x, std::gcd(config_.groups, channels), weight, bias, 1e-5f, NormalizeActivation::relu);
    if (config_.norm == Config::Norm::instance) return instance_norm(x, weight, bias, 1e-5f, NormalizeActivation::relu);
    const Value mean = graph_.buffer(name + ".running_mean", {channels}, Initializer::constant(0));
    const Value variance = graph_.buffer(name + ".running_var", {channels}, Initializer::constant(1));
    return batch_norm(x, weight, bias, mean, variance, {.training = training_, .activation = NormalizeActivation::relu})
        .output;
  }

  Graph& graph_;
  const Config& config_;
  bool training_;
};

// Takes two 3x3 convolutions' border off where they don't pad.
std::int64_t after_double_convolution(const Config& config, std::int64_t size) {
  return config.padding == Config::Padding::same ? size : size - 4;
}

void check(const Config& config, const Shape& x) {
  if (x.rank() != 4) throw Error(fmt::format("unet: input {} is not (N, C, H, W)", to_string(x)));
  if (x[1] != config.in_channels)
    throw Error(
        fmt::format("unet: the net takes {} channels, the input {} has {}", config.in_channels, to_string(x), x[1]));
  for (int axis = 2; axis < 4; ++axis) {
    if (unet_output_size(config, x[axis]) > 0) continue;
    const auto [below, above] = unet_nearest_sizes(config, x[axis]);
    throw Error(fmt::format("unet: a size of {} can't be halved {} times{}; the nearest that can: {}{}", x[axis],
                            config.depth, config.padding == Config::Padding::valid ? " without padding" : "",
                            below > 0 ? fmt::format("{} or ", below) : "", above));
  }
}

}  // namespace

Value unet(Graph& graph, Value x, const UNetConfig& config, bool training) {
  check(config, x.shape());
  Builder builder(graph, config, training);
  std::vector<Value> skips;
  std::int64_t channels = config.base;
  for (std::int64_t level = 0; level < config.depth; ++level, channels *= 2) {
    skips.push_back(builder.double_convolution(x, fmt::format("encoder.{}", level), channels));
    x = builder.halve(skips.back(), level);
  }
  x = builder.double_convolution(x, "bottom", channels);
  for (std::int64_t level = config.depth - 1; level >= 0; --level) {
    channels /= 2;
    x = builder.join(skips[static_cast<std::size_t>(level)], builder.double_size(x, level), level);
    x = builder.double_convolution(x, fmt::format("decoder.{}", level), channels);
  }
  return builder.convolution(x, "head", config.out_channels, 1, 1, 0, true);
}

std::int64_t unet_output_size(const UNetConfig& config, std::int64_t input) {
  std::int64_t size = input;
  for (std::int64_t level = 0; level < config.depth; ++level) {
    size = after_double_convolution(config, size);
    if (size < 2 || size % 2 != 0) return 0;
    size /= 2;
  }
  size = after_double_convolution(config, size);
  for (std::int64_t level = 0; level < config.depth; ++level) {
    if (size < 1) return 0;
    size = after_double_convolution(config, size * 2);
  }
  return size < 1 ? 0 : size;
}

std::pair<std::int64_t, std::int64_t> unet_nearest_sizes(const UNetConfig& config, std::int64_t input) {
  std::int64_t below = input - 1;
  while (below > 0 && unet_output_size(config, below) == 0) --below;
  std::int64_t above = input + 1;
  while (unet_output_size(config, above) == 0) ++above;
  return {below > 0 ? below : 0, above};
}

std::int64_t unet_alignment(const UNetConfig& config) {
  return std::int64_t{1} << config.depth;
}

std::int64_t unet_receptive_radius(const UNetConfig& config) {
  // On the way down and up, each level l adds two 3x3 convolutions of 2^l pixels (the bottom has one such
  // pair), halving adds the rest of its window, and bilinear interpolation a pixel of the level below.
  const std::int64_t bottom = std::int64_t{1} << config.depth;
  std::int64_t radius = 2 * bottom;
  for (std::int64_t scale = 1; scale < bottom; scale *= 2) {
    radius += 4 * scale + scale;
    if (config.up == Config::Up::bilinear) radius += 2 * scale;
  }
  return radius;
}

}  // namespace tuff
