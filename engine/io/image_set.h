// Images without masks, all brought to one square size: what generative networks train on. A folder of image files,
// single files, or idx files (idx.h). They are held in memory, as bytes where files have 8 bits and nothing is resized.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/dataset.h"

namespace tuff {

// How an image comes to the wanted size.
enum class Fit : std::uint8_t {
  pad,     // zeros around it; larger ones are refused
  crop,    // its centre; zeros around a smaller one
  resize,  // its shorter side to that size (triangle filter, as wide as it shrinks), then its centre
};

std::string_view to_string(Fit fit);
Fit parse_fit(std::string_view name);  // Error lists the names

class ImageSet {
 public:
  std::int64_t count() const { return static_cast<std::int64_t>(names_.size()); }
  std::int64_t channels() const { return channels_; }
  std::int64_t side() const { return side_; }
  const std::string& name(std::int64_t index) const { return names_[static_cast<std::size_t>(index)]; }
  // Which of the paths that the set was opened from holds the image, from 0.
  std::size_t path_index(std::int64_t index) const { return paths_[static_cast<std::size_t>(index)]; }

  // (C, y, x) of one image in 0..1, integers divided by the largest of their type: channels * side * side values.
  void read(std::int64_t index, std::span<float> to) const;

  // 16 hexadecimal digits of names, size and pixels: a run goes on with the same images alone.
  std::string fingerprint() const;

 private:
  friend class ImageSetBuilder;
  std::int64_t channels_ = 0;
  std::int64_t side_ = 0;
  std::vector<std::string> names_;
  std::vector<std::size_t> paths_;   // of each image
  std::vector<std::uint8_t> bytes_;  // either these, in 255ths
  std::vector<float> floats_;        // or these
};

// Files in the order given, those of a folder by name. `side` 0: `side_from` of the largest extent of any image. The
// format's axes and channels choose planes and channels of files. Error: no image, a file that can't be read, numbers
// of channels that differ, values outside of 0..1, an image that is larger than the side with Fit::pad.
ImageSet open_image_set(std::span<const std::filesystem::path> paths, const DataFormat& format, std::int64_t side,
                        Fit fit, std::int64_t (*side_from)(std::int64_t));

// A (C, y, x) image in another size, by a triangle filter as wide as it shrinks.
Image resize_image(const Image& image, std::int64_t height, std::int64_t width);

// A (C, y, x) image in the wanted size.
Image fit_image(const Image& image, std::int64_t side, Fit fit);

}  // namespace tuff
