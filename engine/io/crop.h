// Random crops, flips and quarter turns: the same geometry for image, labels and targets, a pure function of (seed,
// epoch, index), so threads, order and restarts change nothing.
#pragma once

#include <cstdint>
#include <span>

#include "io/augmentation.h"
#include "io/dataset.h"

namespace tuff {

struct CropSize {
  ImageSize image;
  ImageSize label;                // the crop's centre: smaller for networks that don't pad
  std::int64_t target_scale = 1;  // pixels of targets along each axis for one of the image
  // Pixels beyond the crop on each side of each axis, of image, labels and targets alike, for warps on the device. The
  // crop itself lies within the image; beyond the image it is mirrored.
  ImageSize margin = {0, 0, 0};

  CropSize() = default;
  CropSize(const ImageSize& both) : image(both), label(both) {}
  CropSize(const ImageSize& of_image, const ImageSize& of_label) : image(of_image), label(of_label) {}
};

ImageSize with_margin(const ImageSize& size, const ImageSize& margin);

// Where a crop goes: channels * pixels of the image, labels of CropSize::label, targets of that size times
// CropSize::target_scale, each with the margin.
struct CropBuffers {
  std::span<float> image;
  std::span<float> targets = {};        // of Sample::targets; empty: none
  std::span<std::int32_t> labels = {};  // empty: none
  // Number of the target that has the y components of a field of vectors, the next one has x: these turn with the crop.
  std::int64_t vectors = -1;  // none
};

// The sample must be at least as large as the crop. Of the augmentation, flips and quarter turns.
void draw_crop(const Sample& sample, const CropSize& size, const Augmentation& augmentation, const SampleKey& key,
               const CropBuffers& to);

}  // namespace tuff
