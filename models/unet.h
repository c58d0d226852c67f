// U-Net (Ronneberger, Fischer, Brox 2015): an encoder that halves the image `depth` times, a decoder that
// doubles it back, and skip connections between equal levels. Each level is two 3x3 convolutions with
// ReLU, with a normalization between where wanted; channels double with each level.
//
// Parameter names are those of a PyTorch module with the members encoder, down, bottom, up, decoder, head:
// "encoder.0.conv1.weight", "encoder.0.norm1.weight", "bottom.conv2.bias", "up.0.weight", "head.bias" ...;
// up.i and decoder.i are of level i, so that decoder.0 works at full resolution.
#pragma once

#include <cstdint>
#include <utility>

#include "graph/graph.h"

namespace tuff {

struct UNetConfig {
  enum class Padding : std::uint8_t { same, valid };
  enum class Norm : std::uint8_t { batch, group, instance, none };
  enum class Up : std::uint8_t { transpose, bilinear, nearest };
  enum class Down : std::uint8_t { pool, stride };
  enum class Skip : std::uint8_t { concat, add, none };

  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t base = 64;  // channels of level 0
  std::int64_t depth = 4;  // halvings
  Padding padding = Padding::same;
  Norm norm = Norm::batch;
  Up up = Up::transpose;   // the others: 1x1 convolution to half the channels, then resize
  Down down = Down::pool;  // stride: 2x2 convolution with stride 2
  Skip skip = Skip::concat;
  std::int64_t groups = 8;  // of group norm; a level with C channels has gcd(groups, C)

  bool operator==(const UNetConfig&) const = default;
};

// Logits (N, out_channels, h, w) of an image x (N, in_channels, H, W), where h = unet_output_size(config, H).
// In training, batch norm uses the batch's statistics and updates its running ones; else it uses those.
// Error where H or W doesn't fit the depth.
Value unet(Graph& graph, Value x, const UNetConfig& config, bool training);

// Output extent of one spatial axis: the same with same padding, smaller with valid (572 -> 388 at depth 4).
// 0 where the net can't take this extent.
std::int64_t unet_output_size(const UNetConfig& config, std::int64_t input);

// The nearest extents below and above (0: none below) that the net can take.
std::pair<std::int64_t, std::int64_t> unet_nearest_sizes(const UNetConfig& config, std::int64_t input);

// Inputs shifted by multiples of this (2^depth) give outputs shifted alike.
std::int64_t unet_alignment(const UNetConfig& config);

// Farthest distance in pixels, along one axis, at which an input pixel can change an output pixel. For
// group and instance norm that holds between the norms only: their statistics see the whole image.
std::int64_t unet_receptive_radius(const UNetConfig& config);

}  // namespace tuff
