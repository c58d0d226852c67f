#include "io/augment.h"

#include <fmt/format.h>

#include <cassert>

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

// Where output pixel (y, x) of a crop comes from, as an affine map of indices into the image.
struct Geometry {
  std::int64_t first = 0;  // of output pixel (0, 0)
  std::int64_t step_y = 0;
  std::int64_t step_x = 0;
};

struct Pose {
  std::int64_t y = 0;  // upper left corner
  std::int64_t x = 0;
  bool flip_y = false;
  bool flip_x = false;
  int turns = 0;  // quarter turns counterclockwise, before the flips
};

Geometry geometry_of(const Pose& pose, std::int64_t height, std::int64_t width, std::int64_t image_width) {
  const auto source = [&](std::int64_t y, std::int64_t x) {
    if (pose.flip_y) y = height - 1 - y;
    if (pose.flip_x) x = width - 1 - x;
    for (int turn = 0; turn < pose.turns; ++turn) {
      const std::int64_t turned = x;
      x = (turn % 2 == 0 ? height : width) - 1 - y;
      y = turned;
    }
    return (pose.y + y) * image_width + pose.x + x;
  };
  const std::int64_t first = source(0, 0);
  return {first, source(1, 0) - first, source(0, 1) - first};
}

// Draws in a fixed order, whatever is switched on, so that one option doesn't change another's numbers.
Pose draw_pose(PhiloxStream& random, const Sample& sample, const CropSize& size, const Augmentation& augmentation) {
  Pose pose;
  pose.y = random.below(static_cast<std::uint32_t>(sample.image.height - size.height + 1));
  pose.x = random.below(static_cast<std::uint32_t>(sample.image.width - size.width + 1));
  const std::uint32_t bits = random.bits();
  if (augmentation.flip) {
    pose.flip_y = (bits & 1) != 0;
    pose.flip_x = (bits & 2) != 0;
  }
  if (augmentation.rot90) pose.turns = static_cast<int>(bits >> 2 & 3);
  if (size.height != size.width) pose.turns = pose.turns / 2 * 2;
  return pose;
}

template <class T>
void copy_pixels(const T* from, const Geometry& geometry, std::int64_t top, std::int64_t left, std::int64_t height,
                 std::int64_t width, T* to) {
  for (std::int64_t y = 0; y < height; ++y) {
    const T* row = from + geometry.first + (top + y) * geometry.step_y + left * geometry.step_x;
    for (std::int64_t x = 0; x < width; ++x) *to++ = row[x * geometry.step_x];
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
               std::span<float> image, std::span<std::int32_t> label) {
  assert(sample.image.height >= size.height && sample.image.width >= size.width);
  PhiloxStream random(key.seed, static_cast<std::uint32_t>(key.epoch), static_cast<std::uint32_t>(key.index),
                      static_cast<std::uint32_t>(RandomUse::crop));
  const Pose pose = draw_pose(random, sample, size, augmentation);
  const Geometry geometry = geometry_of(pose, size.height, size.width, sample.image.width);
  const std::int64_t area = size.height * size.width;
  assert(image.size() == static_cast<std::size_t>(sample.image.channels * area));
  for (std::int64_t c = 0; c < sample.image.channels; ++c)
    copy_pixels(sample.image.channel(c).data(), geometry, 0, 0, size.height, size.width, image.data() + c * area);
  if (augmentation.brightness || augmentation.noise) change_intensities(random, augmentation, image);
  if (label.empty()) return;
  const std::int64_t height = size.label_height > 0 ? size.label_height : size.height;
  const std::int64_t width = size.label_width > 0 ? size.label_width : size.width;
  assert(label.size() == static_cast<std::size_t>(height * width));
  copy_pixels(sample.labels.data(), geometry, (size.height - height) / 2, (size.width - width) / 2, height, width,
              label.data());
}

}  // namespace tuff
