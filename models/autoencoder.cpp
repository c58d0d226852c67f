#include "models/autoencoder.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "models/layers.h"
#include "ops/fill.h"
#include "ops/pointwise.h"

namespace tuff {
namespace {

using Bottleneck = AutoencoderConfig::Bottleneck;

constexpr std::int64_t kSmallest = 4;  // side of the map that becomes numbers

bool has_numbers(const AutoencoderConfig& config) {
  return config.bottleneck == Bottleneck::numbers;
}

std::int64_t halvings_of(const AutoencoderConfig& config) {
  if (!has_numbers(config)) return config.halvings;
  std::int64_t halvings = 0;
  for (std::int64_t side = config.side; side > kSmallest; side /= 2) ++halvings;
  return halvings;
}

// 4x4 windows, and one that covers the map, for each pixel of the code.
std::int64_t volume(const AutoencoderConfig& config, std::int64_t side) {
  std::int64_t pixels = 1;
  for (int axis = 0; axis < config.rank; ++axis) pixels *= side;
  return pixels;
}

void check(const AutoencoderConfig& config) {
  const std::int64_t halvings = halvings_of(config);
  if (has_numbers(config) && (halvings < 1 || config.side != kSmallest << halvings))
    throw Error(fmt::format("autoencoder: side {} must be 8, 16, 32 ...", config.side));
  if (halvings < 1 || config.base < 1 || config.latent < 1 || config.channels < 1)
    throw Error(fmt::format("autoencoder: halvings ({}), base ({}), latent ({}) and channels ({}) must be at least 1",
                            halvings, config.base, config.latent, config.channels));
}

std::int64_t deepest(const AutoencoderConfig& config) {
  return config.base << (halvings_of(config) - 1);
}

Value encode(Layers& layers, Value x, const AutoencoderConfig& config) {
  for (std::int64_t level = 0; level < halvings_of(config); ++level) {
    const std::int64_t fan_in = x.shape()[1] * volume(config, 4);
    x = relu(layers.convolution(x, fmt::format("encoder.{}", level), config.base << level,
                                {.kernel = {4}, .stride = {2}, .initializer = pytorch_normal(fan_in)}));
  }
  const std::int64_t kernel = has_numbers(config) ? kSmallest : 1;
  return layers.convolution(x, "code", config.latent,
                            {.kernel = {kernel},
                             .padding = Padding::valid,
                             .initializer = pytorch_normal(x.shape()[1] * volume(config, kernel))});
}

// As PyTorch does, the fan-in of a transposed convolution counts its outputs.
Value decode(Layers& layers, Value z, const AutoencoderConfig& config) {
  const std::int64_t kernel = has_numbers(config) ? kSmallest : 1, halvings = halvings_of(config);
  Value x = layers.transposed_convolution(
      z, "expand", deepest(config),
      {.factors = {kernel}, .initializer = pytorch_normal(deepest(config) * volume(config, kernel))});
  for (std::int64_t level = halvings - 1; level >= 0; --level) {
    const std::int64_t out = level > 0 ? config.base << (level - 1) : config.channels;
    x = layers.transposed_convolution(
        relu(x), fmt::format("decoder.{}", halvings - 1 - level), out,
        {.factors = {2}, .kernel = {4}, .initializer = pytorch_normal(out * volume(config, 4))});
  }
  return x;
}

Shape with_spatial(std::int64_t batch, std::int64_t channels, std::int64_t side, int rank) {
  std::vector<std::int64_t> extents = {batch, channels};
  extents.resize(static_cast<std::size_t>(rank + 2), side);
  return Shape(extents);
}

// All parameters in order, by a whole net on the smallest image: nothing depends on it, so it never runs.
Layers declare(Graph& graph, const AutoencoderConfig& config) {
  check(config);
  Layers layers(graph, {.rank = config.rank, .norm = NormKind::none});
  const std::int64_t side = has_numbers(config) ? config.side : autoencoder_alignment(config);
  const Value image = zeros(graph, {DType::f32, with_spatial(1, config.channels, side, config.rank)});
  decode(layers, encode(layers, image, config), config);
  return layers;
}

void require_extents(Value value, const char* what, std::int64_t channels, std::int64_t side, bool fixed,
                     const AutoencoderConfig& config) {
  bool fits = value.shape().rank() == config.rank + 2 && value.shape()[1] == channels;
  for (int axis = 2; fits && axis < config.rank + 2; ++axis)
    fits = fixed ? value.shape()[axis] == side : value.shape()[axis] % side == 0;
  if (fits) return;
  throw Error(fmt::format("autoencoder: {} is {}, the net takes {} channels and extents that are {}{}", what,
                          to_string(value.type()), channels, fixed ? "" : "multiples of ", side));
}

}  // namespace

Value autoencoder_encode(Graph& graph, Value x, const AutoencoderConfig& config) {
  Layers layers = declare(graph, config);
  const bool fixed = has_numbers(config);
  require_extents(x, "the image", config.channels, fixed ? config.side : autoencoder_alignment(config), fixed, config);
  return encode(layers, x, config);
}

Value autoencoder_decode(Graph& graph, Value z, const AutoencoderConfig& config) {
  Layers layers = declare(graph, config);
  require_extents(z, "the code", config.latent, 1, has_numbers(config), config);
  return decode(layers, z, config);
}

Value autoencoder(Graph& graph, Value x, const AutoencoderConfig& config) {
  return autoencoder_decode(graph, autoencoder_encode(graph, x, config), config);
}

std::int64_t autoencoder_alignment(const AutoencoderConfig& config) {
  return has_numbers(config) ? config.side : std::int64_t{1} << config.halvings;
}

}  // namespace tuff
