// How near images come to those they should be.
#pragma once

#include <span>
#include <vector>

#include "io/image.h"

namespace tuff {

// Peak signal-to-noise ratio in dB, 10 log10(range^2 / mean squared error), at most 200. `range`: largest less smallest
// possible value. Asserts equal sizes, as the others.
double psnr(std::span<const float> image, std::span<const float> truth, double range = 1);

// Mean structural similarity (Wang et al. 2004) of one channel: Gaussian window of 11 pixels and deviation 1.5, k1
// 0.01, k2 0.03, only where it lies wholly inside; of volumes slice by slice. Images smaller than the window: of the
// whole image at once.
double structural_similarity(std::span<const float> image, std::span<const float> truth, const ImageSize& size,
                             double range = 1);

// Pearson's correlation; 0 where one of them is constant.
double pearson(std::span<const float> image, std::span<const float> truth);

}  // namespace tuff
