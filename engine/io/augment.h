// Random crops, flips and quarter turns: the same geometry for image and label, a pure function of
// (seed, epoch, index), so threads, order and restarts change nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/dataset.h"

namespace tuff {

struct Augmentation {
  bool flip = true;         // mirrored in x, in y, each with probability 1/2
  bool rot90 = true;        // turned by 0, 90, 180 or 270 degrees (0 or 180 where a crop isn't square)
  bool brightness = false;  // normalized pixels times 0.8..1.25, plus -0.1..0.1, one draw a crop
  bool noise = false;       // Gaussian, deviation 0..0.05, drawn for each crop
  bool operator==(const Augmentation&) const = default;
};

Augmentation parse_augmentation(std::string_view list);  // "flip,rot90", "none"; Error lists the names
std::string to_string(const Augmentation& augmentation);

struct CropSize {
  std::int64_t height = 256;
  std::int64_t width = 256;
  // Of the label, the crop's centre: smaller for networks that don't pad. 0: as the image.
  std::int64_t label_height = 0;
  std::int64_t label_width = 0;
};

// Which stream of random numbers a crop uses: the sample's number within its epoch.
struct SampleKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;
};

// Fills image (channels * height * width) and label (label_height * label_width; skipped where empty).
// The sample must be at least as large as the crop.
void draw_crop(const Sample& sample, const CropSize& size, const Augmentation& augmentation, const SampleKey& key,
               std::span<float> image, std::span<std::int32_t> label);

}  // namespace tuff
