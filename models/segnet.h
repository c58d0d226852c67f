// SegNet (Badrinarayanan et al. 2017), and by its unpooling DeconvNet (Noh et al. 2015): an encoder whose max poolings
// keep where each maximum was, and a decoder that puts values back there before it convolves. No skip connections; the
// indices alone carry the fine detail.
//
// Parameter names: encoder.0.conv1.weight ..., decoder.0.conv1.weight ..., head.weight; decoder.i is of level i, and
// its last convolution leads to the channels of the level above.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/layers.h"

namespace tuff {

struct SegNetConfig {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t base = 64;         // channels of level 0, doubled with each up to 8 times as many
  std::int64_t depth = 4;         // poolings; the paper's 5
  std::int64_t convolutions = 2;  // of each level and way; the paper's 2 to 3
  NormKind norm = NormKind::batch;
  std::int64_t groups = 8;
  int rank = 2;

  bool operator==(const SegNetConfig&) const = default;
};

// Logits (N, out_channels, spatial...) of x's extents, which are multiples of 2^depth, else Error.
Value segnet(Graph& graph, Value x, const SegNetConfig& config, bool training);

// Geometry, the same along each axis.
AxisGeometry segnet_axis(const SegNetConfig& config);

}  // namespace tuff
