#include "io/crop.h"

#include <array>
#include <cassert>

#include "base/philox.h"
#include "base/random_use.h"

namespace tuff {
namespace {

struct Pose {
  std::int64_t z = 0;  // first corner
  std::int64_t y = 0;
  std::int64_t x = 0;
  bool flip_z = false;
  bool flip_y = false;
  bool flip_x = false;
  int turns = 0;  // quarter turns counterclockwise, before the flips
};

// Draws in a fixed order, whatever is switched on, so that one option doesn't change another's numbers.
Pose draw_pose(PhiloxStream& random, const ImageSize& image, const ImageSize& crop, const Augmentation& augmentation) {
  Pose pose;
  pose.y = random.below(static_cast<std::uint32_t>(image.height - crop.height + 1));
  pose.x = random.below(static_cast<std::uint32_t>(image.width - crop.width + 1));
  const std::uint32_t bits = random.bits();
  if (image.depth > 1) pose.z = random.below(static_cast<std::uint32_t>(image.depth - crop.depth + 1));
  if (augmentation.flip) {
    pose.flip_y = (bits & 1) != 0;
    pose.flip_x = (bits & 2) != 0;
    pose.flip_z = (bits & 16) != 0;
  }
  if (augmentation.rot90) pose.turns = static_cast<int>(bits >> 2 & 3);
  if (crop.height != crop.width) pose.turns = pose.turns / 2 * 2;
  return pose;
}

// A place around one of the sample's centers, where it has them.
void choose_center(PhiloxStream& random, const Sample& sample, const ImageSize& crop, Pose& pose) {
  if (sample.centers.empty()) return;
  const auto& group = sample.centers[random.below(static_cast<std::uint32_t>(sample.centers.size()))];
  const std::int64_t pixel = group[random.below(static_cast<std::uint32_t>(group.size()))];
  const std::int64_t width = sample.image.width, height = sample.image.height;
  pose.z = pixel / (width * height) - (crop.depth - 1) / 2;
  pose.y = pixel / width % height - (crop.height - 1) / 2;
  pose.x = pixel % width - (crop.width - 1) / 2;
}

// Where the pixels along one axis of a crop come from: what each adds to the index into the image, and whether it runs
// backwards there.
struct AxisSources {
  std::vector<std::int64_t> offsets;
  std::vector<bool> backwards;
};

// A pixel of an axis that the image is mirrored along at both ends, edges included, as often as needed.
std::int64_t mirrored(std::int64_t at, std::int64_t extent, bool& backwards) {
  const std::int64_t period = 2 * extent, within = ((at % period) + period) % period;
  if (within < extent) return within;
  backwards = !backwards;
  return period - 1 - within;
}

// `count` pixels of an axis of the crop, which begins at `corner` and is `extent` long, from pixel `first` on; `stride`
// and `image` are those of the image's axis that it runs along.
AxisSources axis_sources(std::int64_t first, std::int64_t count, std::int64_t corner, std::int64_t extent, bool flip,
                         std::int64_t image, std::int64_t stride) {
  AxisSources sources;
  for (std::int64_t i = first; i < first + count; ++i) {
    bool backwards = flip;
    const std::int64_t at = mirrored(corner + (flip ? extent - 1 - i : i), image, backwards);
    sources.offsets.push_back(at * stride);
    sources.backwards.push_back(backwards);
  }
  return sources;
}

// Of the part of a crop that is `part` large and lies in its middle; it may also reach beyond.
struct Geometry {
  AxisSources z, y, x;
  bool swapped = false;  // y runs along the image's x
};

Geometry geometry_of(const Pose& pose, const ImageSize& crop, const ImageSize& part, const ImageSize& image) {
  const auto first = [](std::int64_t whole, std::int64_t some) { return (whole - some) >> 1; };  // rounded down
  const std::int64_t z = first(crop.depth, part.depth), y = first(crop.height, part.height),
                     x = first(crop.width, part.width);
  Geometry geometry;
  geometry.swapped = pose.turns % 2 != 0;
  geometry.z = axis_sources(z, part.depth, pose.z, crop.depth, pose.flip_z, image.depth, image.height * image.width);
  // A quarter turn takes y to x, and x to y backwards; two are both backwards.
  const bool y_back = pose.flip_y != (pose.turns == 1 || pose.turns == 2);
  const bool x_back = pose.flip_x != (pose.turns == 2 || pose.turns == 3);
  if (geometry.swapped) {
    geometry.y = axis_sources(y, part.height, pose.x, crop.height, y_back, image.width, 1);
    geometry.x = axis_sources(x, part.width, pose.y, crop.width, x_back, image.height, image.width);
  } else {
    geometry.y = axis_sources(y, part.height, pose.y, crop.height, y_back, image.height, image.width);
    geometry.x = axis_sources(x, part.width, pose.x, crop.width, x_back, image.width, 1);
  }
  return geometry;
}

template <class T>
void copy_pixels(const T* from, const Geometry& geometry, T* to) {
  for (const std::int64_t z : geometry.z.offsets)
    for (const std::int64_t y : geometry.y.offsets) {
      const T* row = from + z + y;
      for (const std::int64_t x : geometry.x.offsets) *to++ = row[x];
    }
}

// The same part as of the image, in the targets' own pixels.
Geometry target_geometry(const Image& targets, const Pose& pose, const CropSize& size) {
  const std::int64_t scale = size.target_scale, scale_z = targets.depth > 1 ? scale : 1;
  const auto scaled = [&](const ImageSize& extents) {
    return ImageSize(extents.depth * scale_z, extents.height * scale, extents.width * scale);
  };
  Pose finer = pose;
  finer.z *= scale_z;
  finer.y *= scale;
  finer.x *= scale;
  return geometry_of(finer, scaled(size.image), scaled(with_margin(size.label, size.margin)), targets.size());
}

// A vector's components along the crop's own axes.
void turn_vectors(const Geometry& geometry, std::span<float> field) {
  const std::size_t rows = geometry.y.offsets.size(), columns = geometry.x.offsets.size();
  const std::span<float> along_y = field.first(rows * columns), along_x = field.subspan(rows * columns);
  for (std::size_t y = 0; y < rows; ++y)
    for (std::size_t x = 0; x < columns; ++x) {
      float &vector_y = along_y[y * columns + x], &vector_x = along_x[y * columns + x];
      if (geometry.swapped) std::swap(vector_y, vector_x);
      if (geometry.y.backwards[y]) vector_y = -vector_y;
      if (geometry.x.backwards[x]) vector_x = -vector_x;
    }
}

}  // namespace

ImageSize with_margin(const ImageSize& size, const ImageSize& margin) {
  return {size.depth + 2 * margin.depth, size.height + 2 * margin.height, size.width + 2 * margin.width};
}

void draw_crop(const Sample& sample, const CropSize& size, const Augmentation& augmentation, const SampleKey& key,
               const CropBuffers& to) {
  const ImageSize all = sample.image.size();
  const ImageSize& crop = size.image;
  assert(all.depth >= crop.depth && all.height >= crop.height && all.width >= crop.width);
  PhiloxStream random(key.seed, static_cast<std::uint32_t>(key.epoch), static_cast<std::uint32_t>(key.index),
                      static_cast<std::uint32_t>(RandomUse::crop));
  Pose pose = draw_pose(random, all, crop, augmentation);
  choose_center(random, sample, crop, pose);
  const ImageSize taken = with_margin(crop, size.margin);
  const Geometry geometry = geometry_of(pose, crop, taken, all);
  assert(to.image.size() == static_cast<std::size_t>(sample.image.channels * taken.pixels()));
  for (std::int64_t c = 0; c < sample.image.channels; ++c)
    copy_pixels(sample.image.channel(c).data(), geometry, to.image.data() + c * taken.pixels());
  if (!to.targets.empty()) {
    const Geometry finer = target_geometry(sample.targets, pose, size);
    const std::size_t pixels = to.targets.size() / static_cast<std::size_t>(sample.targets.channels);
    for (std::int64_t c = 0; c < sample.targets.channels; ++c)
      copy_pixels(sample.targets.channel(c).data(), finer, to.targets.data() + static_cast<std::size_t>(c) * pixels);
    if (to.vectors >= 0)
      turn_vectors(finer, to.targets.subspan(static_cast<std::size_t>(to.vectors) * pixels, 2 * pixels));
  }
  if (to.labels.empty()) return;
  const ImageSize labelled = with_margin(size.label, size.margin);
  assert(to.labels.size() == static_cast<std::size_t>(labelled.pixels()));
  copy_pixels(sample.labels.data(), geometry_of(pose, crop, labelled, all), to.labels.data());
}

}  // namespace tuff
