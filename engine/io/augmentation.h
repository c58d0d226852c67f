// What training may change about its images, how strongly, and what one sample draws of it. A sample's draws are a
// function of (seed, epoch, index) alone, so that runs go on to the same bits. Flips and quarter turns are done where
// crops are taken (crop.h), all else on the device (train/batch_augmentation.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

// Strengths are largest amounts; 0 is off. Every sample draws for itself: whether it is warped at all, and whether each
// of the other effects is there, each with probability 1/2, and then how strongly, evenly from nothing to the most.
struct Augmentation {
  bool flip = false;   // mirrored in x, in y, in z, each with probability 1/2
  bool rot90 = false;  // turned in the y-x plane by 0, 90, 180 or 270 degrees (0 or 180 where it isn't square)
  // Warps. Volumes are turned, skewed and bent in the planes of their slices only; scaling is along all axes.
  double rotate = 0;     // degrees either way
  double scale = 0;      // objects 1 / (1 + scale) to 1 + scale times as large
  double translate = 0;  // parts of the extent
  double skew = 0;       // degrees
  double elastic = 0;    // pixels by which points 32 pixels apart move along each axis, cubic between them
  // Intensities, of normalized images.
  double gamma = 0;       // exponent of magnitudes, 1 / (1 + gamma) to 1 + gamma, one a channel
  double background = 0;  // added, smooth over the crop: 3 x 3 values, cubic between them
  double contrast = 0;    // factor of differences from the channel's mean, 1 / (1 + contrast) to 1 + contrast
  double brightness = 0;  // added
  double color = 0;       // factor of each channel, 1 / (1 + color) to 1 + color
  double blur = 0;        // Gaussian of this deviation in pixels, mixed with the image by a share of 0 to 1
  double noise = 0;       // deviation of Gaussian noise

  bool warps() const { return rotate > 0 || scale > 0 || translate > 0 || skew > 0 || elastic > 0; }
  bool changes_intensities() const {
    return gamma > 0 || background > 0 || contrast > 0 || brightness > 0 || color > 0 || blur > 0 || noise > 0;
  }
  bool runs_on_device() const { return warps() || changes_intensities(); }
  bool operator==(const Augmentation&) const = default;
};

// A data set is small below so many pixels of training images.
inline constexpr std::int64_t kSmallDataPixels = 50'000'000;

// "none", or a list of effects with or without strengths: "flip,rotate=15,noise". "all" stands for all of them at their
// usual strengths but translate, "auto" for that where the data set is small, else for flip,rot90; later words win
// ("auto,elastic=0"). Error names the word, and what there is.
Augmentation parse_augmentation(std::string_view list, bool small_data = false);

// The list that gives it.
std::string to_string(const Augmentation& augmentation);

// Whether a list has "auto" in it, which depends on the data.
bool depends_on_data(std::string_view list);

// How many pixels around a crop a warp can reach, on each side of each axis.
ImageSize warp_margin(const Augmentation& augmentation, const ImageSize& crop);

// Which stream of random numbers a sample uses: its number within its epoch.
struct SampleKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;
};

// What a sample drew. Vectors are (x, y, z).
struct AugmentationDraw {
  // The place in the source that the pixel at p shows, both from the crop's center: along_x p.x + along_y p.y + along_z
  // p.z + shift + the elastic displacement at p.
  std::array<double, 3> along_x = {1, 0, 0}, along_y = {0, 1, 0}, along_z = {0, 0, 1}, shift = {0, 0, 0};
  // Displacements in x, then in y, of control points (z, y, x) evenly over the crop; empty without elastic.
  std::vector<float> elastic;
  std::vector<double> exponents, factors;  // one a channel
  std::array<float, 9> background = {};    // (y, x)
  double contrast = 1, brightness = 0;
  double blur = 0;  // share
  double noise = 0;
};

// Points along each axis for AugmentationDraw::elastic.
ImageSize elastic_points(const ImageSize& crop);

// `turns`: flips and quarter turns too, for those who take no crops.
AugmentationDraw draw_augmentation(const Augmentation& augmentation, const ImageSize& crop, std::int64_t channels,
                                   const SampleKey& key, bool turns = false);

}  // namespace tuff
