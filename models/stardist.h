// StarDist (Schmidt et al. 2018; in 3-D Weigert et al. 2020): a U-Net whose last map goes through one more convolution
// to heads that tell, for each pixel, whether it lies in an object and how far it is to the border along each of many
// rays.
//
// Parameter names: those of the U-Net (models/unet.h) without its head, then features, probability, distances, classes,
// and before the U-Net, where the grid is coarser than the image, grid.0 ...
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/unet.h"

namespace tuff {

struct StarDistConfig {
  // Its in_channels, rank and so on; out_channels doesn't count. The paper's: 32 channels, depth 3, no norm.
  UNetConfig net = {.base = 32, .depth = 3, .norm = NormKind::none};
  std::int64_t rays = 32;       // in 3-D 96
  std::int64_t features = 128;  // of the convolution before the heads
  std::int64_t classes = 0;     // 0: none; else so many and the background
  std::int64_t grid = 1;        // a power of two: results for every grid-th pixel of each axis

  bool operator==(const StarDistConfig&) const = default;
};

struct StarDistOutputs {
  Value probability;  // (N, 1, spatial / grid): logits of lying in an object, trained as nearness to its center
  Value distances;    // (N, rays, ...): pixels to the border
  Value classes;      // (N, classes + 1, ...): logits, the background first; empty without classes
};

// Error where the extents don't fit, or fields contradict.
StarDistOutputs stardist(Graph& graph, Value x, const StarDistConfig& config, bool training, Value random_state = {});

// Geometry of one axis, as in models/unet.h; each output pixel stands for `grid` of the input.
AxisGeometry stardist_axis(const StarDistConfig& config, int axis = -1);

}  // namespace tuff
