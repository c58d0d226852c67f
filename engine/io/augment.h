// Random crops, flips and quarter turns: the same geometry for image and label, a pure function of
// (seed, epoch, index), so threads, order and restarts change nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/dataset.h"

namespace tuff {

struct Augmentation {
  bool flip = true;         // mirrored in x, in y, in z, each with probability 1/2
  bool rot90 = true;        // turned in the y-x plane by 0, 90, 180 or 270 degrees (0 or 180 where it isn't square)
  bool brightness = false;  // normalized pixels times 0.8..1.25, plus -0.1..0.1, one draw a crop
  bool noise = false;       // Gaussian, deviation 0..0.05, drawn for each crop
  bool operator==(const Augmentation&) const = default;
};

Augmentation parse_augmentation(std::string_view list);  // "flip,rot90", "none"; Error lists the names
std::string to_string(const Augmentation& augmentation);

struct CropSize {
  ImageSize image;
  ImageSize label;                // the crop's centre: smaller for networks that don't pad
  std::int64_t target_scale = 1;  // pixels of targets along each axis for one of the image

  CropSize() = default;
  CropSize(const ImageSize& both) : image(both), label(both) {}
  CropSize(const ImageSize& of_image, const ImageSize& of_label) : image(of_image), label(of_label) {}
};

// Which stream of random numbers a crop uses: the sample's number within its epoch.
struct SampleKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;
};

// Where a crop goes: channels * pixels of the image, labels of CropSize::label, targets of that size
// times CropSize::target_scale.
struct CropBuffers {
  std::span<float> image;
  std::span<float> targets = {};        // of Sample::targets; empty: none
  std::span<std::int32_t> labels = {};  // empty: none
  // Number of the target that has the y components of a field of vectors, the next one has x: these turn with the crop.
  std::int64_t vectors = -1;  // none
};

// The sample must be at least as large as the crop. Intensities change in the image alone.
void draw_crop(const Sample& sample, const CropSize& size, const Augmentation& augmentation, const SampleKey& key,
               const CropBuffers& to);

}  // namespace tuff
