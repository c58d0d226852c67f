// Gaussian smoothing of a plane.
#pragma once

#include <cstdint>
#include <span>

namespace tuff {

// In place; `sigma` in pixels, above 0. The kernel ends at 4 sigma; beyond its edges the plane is mirrored, edge pixels
// twice (d c b a | a b c d), as in SciPy's gaussian_filter.
void smooth(std::span<float> plane, std::int64_t height, std::int64_t width, double sigma);

}  // namespace tuff
