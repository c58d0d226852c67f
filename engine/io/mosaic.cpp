#include "io/mosaic.h"

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "base/random_use.h"
#include "io/image_set.h"

namespace tuff {
namespace {

constexpr float kBright = 100;

Image small_image(const IdxImages& images, std::int64_t number, double scale) {
  Image image(1, images.height, images.width);
  std::copy_n(images.values.begin() + number * images.height * images.width, image.values.size(), image.values.begin());
  const std::int64_t side = std::max(images.height, images.width);
  if (scale == 1) return image;
  return fit_image(fit_image(image, side, Fit::pad), std::lround(static_cast<double>(side) * scale), Fit::resize);
}

// Of the bright pixels; without any an empty one.
MosaicBox bright_box(const Image& image) {
  std::int64_t top = image.height, bottom = -1, left = image.width, right = -1;
  for (std::int64_t y = 0; y < image.height; ++y)
    for (std::int64_t x = 0; x < image.width; ++x) {
      if (!(image.values[static_cast<std::size_t>(y * image.width + x)] > kBright)) continue;
      top = std::min(top, y), bottom = std::max(bottom, y);
      left = std::min(left, x), right = std::max(right, x);
    }
  return {.y = top,
          .x = left,
          .height = std::max<std::int64_t>(0, bottom - top + 1),
          .width = std::max<std::int64_t>(0, right - left + 1)};
}

// With a pixel between them.
bool apart(const MosaicBox& a, const MosaicBox& b) {
  return a.y + a.height < b.y || b.y + b.height < a.y || a.x + a.width < b.x || b.x + b.width < a.x;
}

class Builder {
 public:
  explicit Builder(const MosaicOptions& options) {
    for (Image* image : {&mosaic_.image, &mosaic_.mask, &mosaic_.centers})
      *image = Image(1, options.height, options.width);
  }

  // False where its box would touch another's.
  bool place(const Image& small, MosaicBox box, std::int64_t top, std::int64_t left) {
    const MosaicBox own = box;
    box.y += top, box.x += left;
    if (!std::ranges::all_of(mosaic_.boxes, [&](const MosaicBox& other) { return apart(box, other); })) return false;
    const auto value = static_cast<float>(box.label + 1);
    for (std::int64_t y = own.y; y < own.y + own.height; ++y)
      for (std::int64_t x = own.x; x < own.x + own.width; ++x) {
        const float grey = small.values[static_cast<std::size_t>(y * small.width + x)];
        const auto to = static_cast<std::size_t>((top + y) * mosaic_.image.width + left + x);
        mosaic_.image.values[to] = std::max(mosaic_.image.values[to], grey);
        if (grey > kBright) mosaic_.mask.values[to] = value;
      }
    mosaic_.boxes.push_back(box);
    return true;
  }

  Mosaic finish(PhiloxStream& random, double noise) {
    for (const double reach : {6.0, 2.0})
      for (const MosaicBox& box : mosaic_.boxes) mark_center(box, reach);
    for (float& value : mosaic_.image.values)
      value = std::clamp(std::round(value + static_cast<float>(20 + noise * random.normal())), 0.0f, 255.0f);
    return std::move(mosaic_);
  }

 private:
  void mark_center(const MosaicBox& box, double reach) {
    const double cy = static_cast<double>(box.y) + static_cast<double>(box.height - 1) / 2;
    const double cx = static_cast<double>(box.x) + static_cast<double>(box.width - 1) / 2;
    const auto value = static_cast<float>(reach < 3 ? box.label + 1 : kMosaicUndefined);
    Image& centers = mosaic_.centers;
    for (std::int64_t y = 0; y < centers.height; ++y)
      for (std::int64_t x = 0; x < centers.width; ++x)
        if (std::hypot(static_cast<double>(y) - cy, static_cast<double>(x) - cx) <= reach)
          centers.values[static_cast<std::size_t>(y * centers.width + x)] = value;
  }

  Mosaic mosaic_;
};

}  // namespace

Mosaic synthesize_mosaic(const MosaicOptions& options, const IdxImages& images, std::span<const std::uint8_t> labels,
                         std::int64_t first, std::int64_t count, std::uint64_t seed, std::int64_t index) {
  PhiloxStream random(seed, static_cast<std::uint32_t>(index), 1, static_cast<std::uint32_t>(RandomUse::synthesis));
  Builder builder(options);
  int placed = 0;
  for (int attempt = 0; attempt < 20 * options.tiles && placed < options.tiles; ++attempt) {
    const std::int64_t number = first + random.below(static_cast<std::uint32_t>(count));
    const double scale = random.uniform(options.smallest, options.largest);
    const Image small = small_image(images, number, options.smallest == options.largest ? options.smallest : scale);
    MosaicBox box = bright_box(small);
    box.label = labels[static_cast<std::size_t>(number)];
    const std::int64_t rows = options.height - small.height, columns = options.width - small.width;
    if (box.height < 1 || rows < 0 || columns < 0) continue;
    const std::int64_t top = random.below(static_cast<std::uint32_t>(rows + 1));
    const std::int64_t left = random.below(static_cast<std::uint32_t>(columns + 1));
    placed += builder.place(small, box, top, left);
  }
  return builder.finish(random, options.noise);
}

}  // namespace tuff
