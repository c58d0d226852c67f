// U-Net (Ronneberger, Fischer, Brox 2015) over 1 to 3 spatial axes: an encoder that halves the image `depth` times, a
// decoder that doubles it back, and skip connections between equal levels. Each level is two 3x3 convolutions with
// ReLU, with a normalization between where wanted; channels double with each level. Its variants, each a field of the
// configuration: residual blocks (Zhang et al. 2018), depthwise-separable convolutions, attention gates (Oktay et al.
// 2018), deep supervision, coordinate channels, dropout, and levels that leave a coarser z axis alone.
//
// Parameter names are those of a PyTorch module with the members encoder, down, bottom, up, decoder, head:
// "encoder.0.conv1.weight", "encoder.0.norm1.weight", "bottom.conv2.bias", "up.0.weight", "head.bias" ...;
// up.i and decoder.i are of level i, so that decoder.0 works at full resolution.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "models/layers.h"

namespace tuff {

struct UNetConfig {
  enum class Down : std::uint8_t { pool, stride };
  enum class Skip : std::uint8_t { concat, add, none };
  enum class Block : std::uint8_t { plain, residual, separable };  // of two convolutions each

  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t base = 64;  // channels of level 0
  std::int64_t depth = 4;  // halvings
  Padding padding = Padding::same;
  NormKind norm = NormKind::batch;
  Upsampling up = Upsampling::transpose;  // the others: 1x1 convolution to half the channels, then resize
  Down down = Down::pool;                 // stride: 2x2 convolution with stride 2
  Skip skip = Skip::concat;
  std::int64_t groups = 8;  // of group norm; a level with C channels has gcd(groups, C)
  int rank = 2;             // spatial axes, 1 to 3
  Block block = Block::plain;
  ActivationKind activation = ActivationKind::relu;
  bool attention = false;             // a gate on each skip connection
  bool coordinates = false;           // further input channels say where a pixel lies
  std::int64_t deep_supervision = 0;  // logits also of so many decoder levels from level 1 on; less than the depth
  float dropout = 0;                  // rate, behind each block but the last
  // Of rank 3: in the first levels, so many, kernels are 1x3x3 and z isn't halved, for stacks whose slices are further
  // apart than their pixels.
  std::int64_t flat_levels = 0;

  bool operator==(const UNetConfig&) const = default;
};

struct UNetOutputs {
  Value logits;              // (N, out_channels, spatial...)
  std::vector<Value> lower;  // with deep supervision those of level 1, 2 ..., each at its level's resolution
};

// Logits (N, out_channels, h, w) of an image x (N, in_channels, H, W), where h = unet_axis(config).output_size(H); with
// as many spatial axes as config.rank. In training, batch norm uses the batch's statistics and updates its running
// ones; else it uses those. Dropout draws by `random_state` (ops/random.h), which training with dropout must have;
// given without training it is Monte Carlo dropout. Error where the extents don't fit the depth, or fields contradict.
Value unet(Graph& graph, Value x, const UNetConfig& config, bool training, Value random_state = {});

// The same with what deep supervision adds. Both declare all parameters, so their graphs bind to one store.
UNetOutputs unet_outputs(Graph& graph, Value x, const UNetConfig& config, bool training, Value random_state = {});

// The net without heads, for networks that put others on it: what the decoder's levels give, 0 to depth - 1, and last
// the bottom, of base * 2^level channels each. config.out_channels and deep_supervision don't count.
std::vector<Value> unet_features(Graph& graph, Value x, const UNetConfig& config, bool training,
                                 Value random_state = {});

// Geometry of one spatial axis, the first being 0; -1 is the last, which is never flat: along the path through the
// bottom. Outputs are as large as inputs with padding same, smaller with valid (572 -> 388 at depth 4). For group and
// instance norm it holds between the norms only: their statistics see the whole image. With coordinates no output of a
// tile is that of the whole image.
AxisGeometry unet_axis(const UNetConfig& config, int axis = -1);

// Whether the net interpolates (up bilinear, attention gates), which repeats the edge pixels of each level: then even
// without padding what lies near the border of a tile isn't what it would be in the whole image.
bool unet_interpolates(const UNetConfig& config);

}  // namespace tuff
