#include "io/overlay.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tuff {
namespace {

// Values at two shares of the sorted channel.
std::pair<float, float> display_range(std::span<const float> values) {
  std::vector<float> sorted;
  std::ranges::copy_if(values, std::back_inserter(sorted), [](float value) { return std::isfinite(value); });
  if (sorted.empty()) return {0, 0};
  std::ranges::sort(sorted);
  const auto at = [&](double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  };
  const std::pair<float, float> range(at(0.005), at(0.995));
  return range.second > range.first ? range : std::pair(sorted.front(), sorted.back());
}

std::uint8_t shade(float value, std::pair<float, float> range) {
  if (!(range.second > range.first) || !(value > range.first)) return 0;
  return static_cast<std::uint8_t>(
      std::lround(255 * std::min(1.0f, (value - range.first) / (range.second - range.first))));
}

}  // namespace

// Distinct colours for any number of labels: hues a golden angle apart, in two brightnesses.
Color label_color(std::int32_t label) {
  const double hue = std::fmod(label * 0.61803398875, 1.0) * 6;
  const double value = label % 2 == 0 ? 255 : 200;
  const auto channel = [&](double shift) {
    const double place = std::fmod(hue + shift, 6.0);
    return static_cast<std::uint8_t>(value * std::clamp(std::abs(place - 3) - 1, 0.15, 1.0));
  };
  return {channel(0), channel(4), channel(2)};
}

Canvas render_image(const Image& image) {
  assert(image.planes() == 1);
  Canvas canvas(image.width, image.height, {0, 0, 0});
  const std::int64_t colors = image.channels == 3 ? 3 : 1;
  std::array<std::pair<float, float>, 3> ranges;
  for (std::int64_t c = 0; c < colors; ++c) ranges[static_cast<std::size_t>(c)] = display_range(image.channel(c));
  for (std::int64_t y = 0; y < image.height; ++y)
    for (std::int64_t x = 0; x < image.width; ++x) {
      Color color{};
      for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t from = colors == 3 ? c : 0;
        color[c] = shade(image.channel(static_cast<std::int64_t>(from))[static_cast<std::size_t>(y * image.width + x)],
                         ranges[from]);
      }
      canvas.set(x, y, color);
    }
  return canvas;
}

Canvas render_labels(std::span<const std::int32_t> labels, std::int64_t height, std::int64_t width) {
  assert(labels.size() == static_cast<std::size_t>(height * width));
  const bool binary = labels.empty() || *std::ranges::max_element(labels) <= 1;
  Canvas canvas(width, height, {0, 0, 0});
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int32_t label = labels[static_cast<std::size_t>(y * width + x)];
      if (label != 0) canvas.set(x, y, binary ? Color{255, 255, 255} : label_color(label));
    }
  return canvas;
}

Canvas overlay_labels(const Image& image, std::span<const std::int32_t> labels) {
  assert(labels.size() == static_cast<std::size_t>(image.height * image.width));
  Canvas canvas = render_image(image);
  const bool binary = labels.empty() || *std::ranges::max_element(labels) <= 1;
  const auto at = [&](std::int64_t y, std::int64_t x) {
    y = std::clamp<std::int64_t>(y, 0, image.height - 1);
    x = std::clamp<std::int64_t>(x, 0, image.width - 1);
    return labels[static_cast<std::size_t>(y * image.width + x)];
  };
  for (std::int64_t y = 0; y < image.height; ++y)
    for (std::int64_t x = 0; x < image.width; ++x) {
      const std::int32_t label = at(y, x);
      const bool inside =
          at(y, x - 1) == label && at(y, x + 1) == label && at(y - 1, x) == label && at(y + 1, x) == label;
      if (label != 0 && !inside) canvas.set(x, y, binary ? Color{255, 200, 0} : label_color(label));
    }
  return canvas;
}

}  // namespace tuff
