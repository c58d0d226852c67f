#include "models/geometry.h"

#include <algorithm>
#include <numeric>

namespace tuff {
namespace {

using Kind = AxisLayer::Kind;

// Division that rounds down, and up; b is positive.
std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return -floor_div(-a, b);
}

std::int64_t extent_after(const AxisLayer& layer, std::int64_t in) {
  if (layer.kind == Kind::transposed) return (in - 1) * layer.stride - 2 * layer.padding + layer.kernel;
  if (layer.kind != Kind::window) return in * layer.stride;
  const std::int64_t left = in + 2 * layer.padding - layer.dilation * (layer.kernel - 1) - 1;
  if (left < 0 || (layer.whole && left % layer.stride != 0)) return 0;
  return left / layer.stride + 1;
}

AxisField field_before(const AxisLayer& layer, AxisField after) {
  const std::int64_t s = layer.stride, p = layer.padding;
  switch (layer.kind) {
    case Kind::window: return {after.first * s - p, after.last * s - p + layer.dilation * (layer.kernel - 1)};
    case Kind::transposed: return {ceil_div(after.first + p - layer.kernel + 1, s), floor_div(after.last + p, s)};
    case Kind::repeat: return {floor_div(after.first, s), floor_div(after.last, s)};
    // Pixel o's center lies at (o + 1/2) / s - 1/2, between two.
    case Kind::linear: return {floor_div(2 * after.first + 1 - s, 2 * s), ceil_div(2 * after.last + 1 - s, 2 * s)};
  }
  return after;
}

}  // namespace

AxisLayer AxisLayer::convolution(std::int64_t kernel, bool padded, std::int64_t dilation) {
  return {.kernel = kernel, .padding = padded ? dilation * (kernel - 1) / 2 : 0, .dilation = dilation};
}

AxisLayer AxisLayer::reduction(std::int64_t factor) {
  return {.kernel = factor, .stride = factor, .whole = true};
}

AxisLayer AxisLayer::expansion(std::int64_t factor) {
  return {.kind = Kind::transposed, .kernel = factor, .stride = factor};
}

std::int64_t output_extent(AxisLayers layers, std::int64_t input) {
  for (const AxisLayer& layer : layers) {
    if (input < 1) return 0;
    input = extent_after(layer, input);
  }
  return std::max<std::int64_t>(input, 0);
}

AxisField field_of_view(AxisLayers layers, std::int64_t first, std::int64_t last) {
  AxisField field{first, last};
  for (std::size_t i = layers.size(); i-- > 0;) field = field_before(layers[i], field);
  return field;
}

std::int64_t alignment_of(AxisLayers layers) {
  // The smallest shift that is a whole number of pixels behind each layer: `scale` input pixels are one there.
  std::int64_t alignment = 1, numerator = 1, denominator = 1;
  for (const AxisLayer& layer : layers) {
    (layer.kind == Kind::window ? numerator : denominator) *= layer.stride;
    const std::int64_t common = std::gcd(numerator, denominator);
    numerator /= common;
    denominator /= common;
    alignment = std::lcm(alignment, numerator);
  }
  return alignment;
}

std::int64_t receptive_radius(AxisLayers layers, std::int64_t margin) {
  std::int64_t radius = 0;
  for (std::int64_t pixel = 0; pixel < alignment_of(layers); ++pixel) {
    const AxisField field = field_of_view(layers, pixel, pixel);
    radius = std::max({radius, pixel + margin - field.first, field.last - pixel - margin});
  }
  return radius;
}

std::pair<std::int64_t, std::int64_t> nearest_extents(const std::function<std::int64_t(std::int64_t)>& output,
                                                      std::int64_t input) {
  std::int64_t below = input - 1;
  while (below > 0 && output(below) == 0) --below;
  std::int64_t above = std::max<std::int64_t>(input, 0) + 1;
  while (output(above) == 0) ++above;
  return {std::max<std::int64_t>(below, 0), above};
}

}  // namespace tuff
