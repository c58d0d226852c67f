// RootPainter's network (Smith et al. 2022): a U-Net of constant width whose levels add instead of join. Down: pooling,
// two padded 3x3 convolutions to twice the channels, a 1x1 convolution back, added to what was pooled. Up: transposed
// convolution, added to the cropped map of the level, two convolutions without padding. ReLU, then group norm, behind
// each convolution, also behind the last.
//
// Parameters have the names and shapes of the published PyTorch models: "conv_in.0.weight", "down1.conv1x1.0.weight",
// "up4.conv3.2.bias", "conv_out.2.weight"; up1 is the deepest.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/layers.h"

namespace tuff {

struct RootPainterConfig {
  std::int64_t in_channels = 3;
  std::int64_t out_channels = 2;  // background, foreground
  std::int64_t width = 64;        // channels of all levels
  std::int64_t depth = 4;
  std::int64_t groups = 32;  // of group norm, at most; C channels have gcd(groups, C)
  int rank = 2;

  bool operator==(const RootPainterConfig&) const = default;
};

// Scores of classes (N, out_channels, h...), h = rootpainter_axis(config).output_size(H). The original also takes
// extents whose levels don't halve evenly, such as 572, and then joins maps that lie a pixel apart; here they are an
// Error that names the nearest that do (564 or 580).
Value rootpainter(Graph& graph, Value x, const RootPainterConfig& config, bool training);

// Geometry, the same along each axis, of the convolutions; group norms see the whole image.
AxisGeometry rootpainter_axis(const RootPainterConfig& config);

}  // namespace tuff
