// Structural similarity (Wang et al. 2004), composed of depthwise convolutions with a Gaussian window, one axis after
// the other, and pointwise ops.
#pragma once

#include <cstdint>

#include "ops/loss.h"

namespace tuff {

struct SsimAttributes {
  std::int64_t window_size = 11;  // odd
  double sigma = 1.5;
  double data_range = 1;  // largest less smallest possible value
  double k1 = 0.01;
  double k2 = 0.03;
  bool operator==(const SsimAttributes&) const = default;
};

// x, target: f32 (N, C, 1 to 3 spatial axes), of one shape, no axis smaller than the window; else Error. Every channel
// by itself, only where the window lies wholly inside: without a reduction the result is (N, C, spatial - window_size +
// 1). options.weight is a map of the images' own size, (N, 1 or C, spatial...), read at the windows' middles; a mean is
// over the weights. Gradients flow to both images.
Value ssim(Value x, Value target, const SsimAttributes& attributes = {}, const LossOptions& options = {});

// 1 - ssim, by element and then reduced.
Value ssim_loss(Value x, Value target, const SsimAttributes& attributes = {}, const LossOptions& options = {});

}  // namespace tuff
