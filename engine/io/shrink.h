// Images made smaller by a whole factor, as a coarser camera would see them, and larger again.
#pragma once

#include <cstdint>

#include "io/image.h"

namespace tuff {

// Each axis divided by a whole factor, rounded down, or times it; the depth of volumes alone.
ImageSize shrunk(const ImageSize& size, std::int64_t factor);
ImageSize enlarged(const ImageSize& size, std::int64_t factor);

// Each axis divided by `factor` (the depth only of volumes), rounded down: what is left over at the end is cut off. By
// Keys' cubic kernel (a = -1/2) widened by the factor, as Pillow's and MATLAB's bicubic with antialiasing; at the edge
// weights are those of the pixels that are there.
Image shrink(const Image& image, std::int64_t factor);

// The reverse as far as that goes: each axis (the depth only of volumes) times `factor`, by the same kernel.
Image enlarge(const Image& image, std::int64_t factor);

// The first pixels of each axis, so many that `factor` divides them: what shrink() sees.
Image cut_to_multiple(const Image& image, std::int64_t factor);

}  // namespace tuff
