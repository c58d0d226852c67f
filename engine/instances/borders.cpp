#include "instances/borders.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "instances/distance_transform.h"
#include "instances/object_pixels.h"

namespace tuff {
namespace {

struct Window {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;  // the last two one past
};

// An object's bounding box, wider by `margin` where the image goes on.
Window window_of(std::span<const std::int64_t> pixels, const Labels& labels, std::int64_t margin) {
  Window window{labels.height, labels.width, 0, 0};
  for (const std::int64_t pixel : pixels) {
    const std::int64_t y = pixel / labels.width, x = pixel % labels.width;
    window = {std::min(window.top, y), std::min(window.left, x), std::max(window.bottom, y + 1),
              std::max(window.right, x + 1)};
  }
  return {std::max<std::int64_t>(0, window.top - margin), std::max<std::int64_t>(0, window.left - margin),
          std::min(labels.height, window.bottom + margin), std::min(labels.width, window.right + margin)};
}

// From each pixel of the window to the nearest of object `id`.
std::vector<float> distances_to(const Labels& labels, std::int32_t id, const Window& window) {
  Labels outside(1, window.bottom - window.top, window.right - window.left);
  for (std::int64_t y = 0; y < outside.height; ++y)
    for (std::int64_t x = 0; x < outside.width; ++x)
      outside.ids[static_cast<std::size_t>(y * outside.width + x)] =
          labels.ids[static_cast<std::size_t>((window.top + y) * labels.width + window.left + x)] == id ? 0 : 1;
  return distance_transform(outside);
}

}  // namespace

std::vector<float> border_weights(const Labels& labels, double w0, double sigma) {
  if (labels.depth > 1) throw Error("border weights are made of two-dimensional masks");
  const ObjectPixels objects(labels);
  const auto margin = static_cast<std::int64_t>(std::ceil(4 * sigma)) + 1;
  const float far = std::numeric_limits<float>::infinity();
  std::vector<float> nearest(labels.ids.size(), far), second(labels.ids.size(), far);
  for (std::size_t object = 0; object < objects.count(); ++object) {
    const Window window = window_of(objects.of(object), labels, margin);
    const std::vector<float> distances = distances_to(labels, objects.id(object), window);
    std::size_t at = 0;
    for (std::int64_t y = window.top; y < window.bottom; ++y)
      for (std::int64_t x = window.left; x < window.right; ++x, ++at) {
        const auto pixel = static_cast<std::size_t>(y * labels.width + x);
        second[pixel] = std::min(second[pixel], std::max(nearest[pixel], distances[at]));
        nearest[pixel] = std::min(nearest[pixel], distances[at]);
      }
  }
  std::vector<float> weights(labels.ids.size(), 0.0f);
  for (std::size_t pixel = 0; pixel < weights.size(); ++pixel) {
    if (labels.ids[pixel] != 0 || second[pixel] == far) continue;
    const double sum = static_cast<double>(nearest[pixel]) + static_cast<double>(second[pixel]);
    weights[pixel] = static_cast<float>(w0 * std::exp(-sum * sum / (2 * sigma * sigma)));
  }
  return weights;
}

std::vector<std::int32_t> boundary_classes(const Labels& labels, std::int64_t width) {
  std::vector<std::int32_t> classes(labels.ids.size(), 0);
  const auto id_at = [&](std::int64_t z, std::int64_t y, std::int64_t x) {
    return labels.ids[static_cast<std::size_t>((z * labels.height + y) * labels.width + x)];
  };
  const auto near_another = [&](std::int64_t z, std::int64_t y, std::int64_t x) {
    const std::int32_t own = id_at(z, y, x);
    for (std::int64_t k = std::max<std::int64_t>(0, z - width); k <= std::min(labels.depth - 1, z + width); ++k)
      for (std::int64_t j = std::max<std::int64_t>(0, y - width); j <= std::min(labels.height - 1, y + width); ++j)
        for (std::int64_t i = std::max<std::int64_t>(0, x - width); i <= std::min(labels.width - 1, x + width); ++i)
          if (id_at(k, j, i) != own) return true;
    return false;
  };
  std::size_t at = 0;
  for (std::int64_t z = 0; z < labels.depth; ++z)
    for (std::int64_t y = 0; y < labels.height; ++y)
      for (std::int64_t x = 0; x < labels.width; ++x, ++at)
        if (labels.ids[at] != 0) classes[at] = near_another(z, y, x) ? 2 : 1;
  return classes;
}

}  // namespace tuff
