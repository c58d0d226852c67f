// Gaussian blur and image pyramids: separable filters, one pass over each spatial axis (resample), with gradients.
// Borders are mirrored without repeating the edge (PyTorch's "reflect"), as often as a narrow image needs.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace tuff {

// torchvision's gaussian_blur over 1 to 3 spatial axes. x: f32 (N, C, spatial...); kernel_size: odd, one per spatial
// axis or one for all; sigma: in pixels, the same, or empty for 0.15 kernel_size + 0.35. The weights exp(-(i / sigma)^2
// / 2) are normalized.
Value gaussian_blur(Value x, const std::vector<std::int64_t>& kernel_size, const std::vector<double>& sigma = {});

// REDUCE of Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code" (1983), over all spatial axes: blurs with
// (1/4 - a/2, 1/4, a, 1/4, 1/4 - a/2) and keeps every second pixel. x: f32 (N, C, spatial...); gives (extent + 1) / 2.
// The default a makes the binomial weights 1 4 6 4 1 of 16.
Value pyramid_down(Value x, double a = 0.375);

// EXPAND of the same paper: to `size` (one per spatial axis; empty: twice the extents), each twice the extent or one
// less, so that pyramid_up(pyramid_down(x), x's size) has x's shape. Zeros between the pixels, blurred with twice the
// weights on each axis.
Value pyramid_up(Value x, const std::vector<std::int64_t>& size = {}, double a = 0.375);

}  // namespace tuff
