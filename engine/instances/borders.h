// Borders between objects as what networks learn from: weights that draw attention to the gaps, and classes of their
// own.
#pragma once

#include <cstdint>
#include <vector>

#include "instances/labels.h"

namespace tuff {

// The U-Net paper's weight map without its class weights (Ronneberger et al. 2015, equation 2): on background
// w0 exp(-(d1 + d2)^2 / (2 sigma^2)), d1 and d2 the distances in pixels to the nearest and the second nearest object;
// 0 in objects and where fewer than two objects are within 4 sigma. Two-dimensional labels, else Error.
std::vector<float> border_weights(const Labels& labels, double w0 = 10, double sigma = 5);

// 0: background, 1: inside of an object, 2: a pixel of an object within `width` pixels (by sides and corners) of
// another id. Of volumes along all axes.
std::vector<std::int32_t> boundary_classes(const Labels& labels, std::int64_t width = 1);

}  // namespace tuff
