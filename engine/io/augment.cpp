#include "io/augment.h"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <cstdlib>

#include "base/error.h"
#include "base/philox.h"
#include "base/random_use.h"

namespace tuff {
namespace {

struct Name {
  std::string_view name;
  bool Augmentation::*field;
};

constexpr Name kNames[] = {{"flip", &Augmentation::flip},
                           {"rot90", &Augmentation::rot90},
                           {"brightness", &Augmentation::brightness},
                           {"noise", &Augmentation::noise}};

// Where output pixel (z, y, x) of a crop comes from, as an affine map of indices into the image.
struct Geometry {
  std::int64_t first = 0;  // of output pixel (0, 0, 0)
  std::int64_t step_z = 0;
  std::int64_t step_y = 0;
  std::int64_t step_x = 0;
  // The directions of the crop's y and x axes in the image, (y, x) each.
  std::array<float, 2> along_y = {1, 0};
  std::array<float, 2> along_x = {0, 1};
};

struct Pose {
  std::int64_t z = 0;  // first corner
  std::int64_t y = 0;
  std::int64_t x = 0;
  bool flip_z = false;
  bool flip_y = false;
  bool flip_x = false;
  int turns = 0;  // quarter turns counterclockwise, before the flips
};

Geometry geometry_of(const Pose& pose, const ImageSize& crop, const ImageSize& image) {
  const auto source = [&](std::int64_t z, std::int64_t y, std::int64_t x) {
    if (pose.flip_z) z = crop.depth - 1 - z;
    if (pose.flip_y) y = crop.height - 1 - y;
    if (pose.flip_x) x = crop.width - 1 - x;
    for (int turn = 0; turn < pose.turns; ++turn) {
      const std::int64_t turned = x;
      x = (turn % 2 == 0 ? crop.height : crop.width) - 1 - y;
      y = turned;
    }
    return ((pose.z + z) * image.height + pose.y + y) * image.width + pose.x + x;
  };
  const std::int64_t first = source(0, 0, 0);
  Geometry geometry{first, source(1, 0, 0) - first, source(0, 1, 0) - first, source(0, 0, 1) - first};
  const auto direction = [&](std::int64_t step) -> std::array<float, 2> {
    const float sign = step < 0 ? -1.0f : 1.0f;
    if (std::abs(step) == 1) return {0, sign};
    return {sign, 0};
  };
  if (image.width > 1) {
    geometry.along_y = direction(geometry.step_y);
    geometry.along_x = direction(geometry.step_x);
  }
  return geometry;
}

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

// The centre part of a crop, of the extents `size`.
template <class T>
void copy_pixels(const T* from, const Geometry& geometry, const ImageSize& crop, const ImageSize& size, T* to) {
  from += geometry.first + (crop.depth - size.depth) / 2 * geometry.step_z +
          (crop.height - size.height) / 2 * geometry.step_y + (crop.width - size.width) / 2 * geometry.step_x;
  for (std::int64_t z = 0; z < size.depth; ++z)
    for (std::int64_t y = 0; y < size.height; ++y) {
      const T* row = from + z * geometry.step_z + y * geometry.step_y;
      for (std::int64_t x = 0; x < size.width; ++x) *to++ = row[x * geometry.step_x];
    }
}

// The same part as of the image, in the targets' own pixels.
void copy_targets(const Image& targets, const Pose& pose, const CropSize& size, std::span<float> to) {
  const std::int64_t scale = size.target_scale, scale_z = targets.depth > 1 ? scale : 1;
  const auto scaled = [&](const ImageSize& extents) {
    return ImageSize(extents.depth * scale_z, extents.height * scale, extents.width * scale);
  };
  Pose finer = pose;
  finer.z *= scale_z;
  finer.y *= scale;
  finer.x *= scale;
  const ImageSize crop = scaled(size.image), kept = scaled(size.label);
  const Geometry geometry = geometry_of(finer, crop, targets.size());
  assert(to.size() == static_cast<std::size_t>(targets.channels * kept.pixels()));
  for (std::int64_t c = 0; c < targets.channels; ++c)
    copy_pixels(targets.channel(c).data(), geometry, crop, kept, to.data() + c * kept.pixels());
}

// A vector's components along the crop's own axes.
void turn_vectors(const Geometry& geometry, const CropBuffers& to, std::size_t pixels) {
  const std::span<float> field = to.targets.subspan(static_cast<std::size_t>(to.vectors) * pixels, 2 * pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const float y = field[i], x = field[pixels + i];
    field[i] = geometry.along_y[0] * y + geometry.along_y[1] * x;
    field[pixels + i] = geometry.along_x[0] * y + geometry.along_x[1] * x;
  }
}

void change_intensities(PhiloxStream& random, const Augmentation& augmentation, std::span<float> image) {
  const auto gain = static_cast<float>(std::exp(random.uniform(std::log(0.8), std::log(1.25))));
  const auto shift = static_cast<float>(random.uniform(-0.1, 0.1));
  const double deviation = random.uniform(0, 0.05);
  if (augmentation.brightness)
    for (float& value : image) value = value * gain + shift;
  if (augmentation.noise)
    for (float& value : image) value += static_cast<float>(deviation * random.normal());
}

}  // namespace

Augmentation parse_augmentation(std::string_view list) {
  Augmentation augmentation{.flip = false, .rot90 = false};
  if (list == "none" || list.empty()) return augmentation;
  while (true) {
    const std::string_view word = list.substr(0, list.find(','));
    bool known = false;
    for (const Name& name : kNames) {
      if (name.name != word) continue;
      augmentation.*name.field = true;
      known = true;
    }
    if (!known)
      throw Error(fmt::format("augmentation '{}' is unknown: none, or a list of flip, rot90, brightness, noise", word));
    if (word.size() == list.size()) return augmentation;
    list.remove_prefix(word.size() + 1);
  }
}

std::string to_string(const Augmentation& augmentation) {
  std::string list;
  for (const Name& name : kNames)
    if (augmentation.*name.field) list += fmt::format("{}{}", list.empty() ? "" : ",", name.name);
  return list.empty() ? "none" : list;
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
  const Geometry geometry = geometry_of(pose, crop, all);
  assert(to.image.size() == static_cast<std::size_t>(sample.image.channels * crop.pixels()));
  for (std::int64_t c = 0; c < sample.image.channels; ++c)
    copy_pixels(sample.image.channel(c).data(), geometry, crop, crop, to.image.data() + c * crop.pixels());
  if (augmentation.brightness || augmentation.noise) change_intensities(random, augmentation, to.image);
  if (!to.targets.empty()) copy_targets(sample.targets, pose, size, to.targets);
  if (to.vectors >= 0) turn_vectors(geometry, to, static_cast<std::size_t>(size.label.pixels()));
  if (to.labels.empty()) return;
  assert(to.labels.size() == static_cast<std::size_t>(size.label.pixels()));
  copy_pixels(sample.labels.data(), geometry, crop, size.label, to.labels.data());
}

}  // namespace tuff
