// A prediction drawn onto the image it was made from.
#pragma once

#include <cstdint>
#include <span>

#include "io/canvas.h"
#include "io/image.h"

namespace tuff {

// The image in grey (one channel) or colour (three; otherwise its first), its 0.5th..99.5th percentile as black..white.
Canvas render_image(const Image& image);

// Labels in colour: 0 black, 1 white where it is the only one, distinct colours otherwise.
Canvas render_labels(std::span<const std::int32_t> labels, std::int64_t height, std::int64_t width);

// The colour of a label there.
Color label_color(std::int32_t label);

// Outlines of every label onto the rendered image: pixels of a label with a 4-neighbour of another.
Canvas overlay_labels(const Image& image, std::span<const std::int32_t> labels);

}  // namespace tuff
