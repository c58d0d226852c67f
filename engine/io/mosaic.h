// Generated images that hold small ones, digits for example, at known places: data to try segmentation by classes,
// heat maps and detection with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/idx.h"
#include "io/image.h"

namespace tuff {

struct MosaicOptions {
  std::int64_t height = 256;
  std::int64_t width = 256;
  int tiles = 16;       // small images in each; fewer where there is no room for them
  double smallest = 1;  // scales of the small images
  double largest = 1;
  double noise = 12;  // deviation of Gaussian noise, of grey values
};

// The extent of a small image's bright pixels.
struct MosaicBox {
  std::int64_t y = 0, x = 0, height = 0, width = 0;
  std::int32_t label = 0;
};

inline constexpr std::int32_t kMosaicUndefined = 255;

struct Mosaic {
  Image image;    // 8 bits, one channel
  Image mask;     // 8 bits: 0 background, label + 1 where a small image is bright
  Image centers;  // 8 bits: label + 1 within 2 pixels of a box's centre, kMosaicUndefined within 6, 0 elsewhere
  std::vector<MosaicBox> boxes;
};

// Number `index` of a series; a pure function of its arguments. Boxes don't touch. `labels`: one for each image, 0 to
// 253; `first` and `count`: which of them are used.
Mosaic synthesize_mosaic(const MosaicOptions& options, const IdxImages& images, std::span<const std::uint8_t> labels,
                         std::int64_t first, std::int64_t count, std::uint64_t seed, std::int64_t index);

}  // namespace tuff
