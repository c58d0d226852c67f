// Fully convolutional network (Long, Shelhamer, Darrell 2015) with an encoder in VGG's style: five stages of 3x3
// convolutions, each followed by 2x2 pooling, then two wide layers and a 1x1 convolution that scores each class at 1/32
// of the resolution. Scores are brought back by transposed convolutions that start as linear interpolation and learn:
// by 32 at once, or joined on the way with scores of the fourth (16s) and the third stage (8s), which start at 0.
//
// Parameter names: encoder.0.conv1.weight ..., wide.conv1, wide.conv2, score, score_pool4, score_pool3, up, up_pool4,
// up_final.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "models/layers.h"

namespace tuff {

struct FcnConfig {
  enum class Variant : std::uint8_t { fcn32s, fcn16s, fcn8s };

  std::int64_t in_channels = 1;
  std::int64_t out_channels = 2;
  std::int64_t base = 32;   // channels of the first stage, doubled with each up to 8 times as many
  std::int64_t wide = 256;  // channels of the two layers that VGG's dense ones have become
  std::array<int, 5> convolutions = {2, 2, 3, 3, 3};  // of each stage
  Variant variant = Variant::fcn8s;
  NormKind norm = NormKind::batch;
  std::int64_t groups = 8;
  float dropout = 0;  // rate, behind both wide layers; the paper's 0.5
  int rank = 2;

  bool operator==(const FcnConfig&) const = default;
};

// Logits (N, out_channels, spatial...) of x's extents, which are multiples of 32, else Error.
Value fcn(Graph& graph, Value x, const FcnConfig& config, bool training, Value random_state = {});

// Geometry, the same along each axis.
AxisGeometry fcn_axis(const FcnConfig& config);

}  // namespace tuff
