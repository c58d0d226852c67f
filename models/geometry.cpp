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
  if (layer.kind == Kind::transposed)
    return (in - 1) * layer.stride - 2 * layer.padding + layer.kernel + layer.output_padding;
  if (layer.kind != Kind::window) return in * layer.stride;
  const std::int64_t left = in + 2 * layer.padding - layer.dilation * (layer.kernel - 1) - 1;
  if (left < 0 || (layer.whole && in % layer.stride != 0)) return 0;
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

// `down` input pixels are `up` of the output, reduced.
struct Step {
  std::int64_t down = 1, up = 1;
};

Step step_of(AxisLayers layers) {
  Step step;
  for (const AxisLayer& layer : layers) {
    (layer.kind == Kind::window ? step.down : step.up) *= layer.stride;
    const std::int64_t common = std::gcd(step.down, step.up);
    step = {step.down / common, step.up / common};
  }
  return step;
}

}  // namespace

AxisLayer AxisLayer::convolution(std::int64_t kernel, bool padded, std::int64_t dilation) {
  return {.kernel = kernel, .padding = padded ? dilation * (kernel - 1) / 2 : 0, .dilation = dilation};
}

AxisLayer AxisLayer::reduction(std::int64_t factor) {
  return {.kernel = factor, .stride = factor, .whole = true};
}

AxisLayer AxisLayer::strided_convolution(std::int64_t kernel, std::int64_t factor) {
  return {.kernel = kernel, .stride = factor, .padding = (kernel - 1) / 2, .whole = true};
}

AxisLayer AxisLayer::expansion(std::int64_t factor, std::int64_t kernel) {
  const std::int64_t padding = (kernel - factor + 1) / 2;
  return {.kind = Kind::transposed,
          .kernel = kernel,
          .stride = factor,
          .padding = padding,
          .output_padding = 2 * padding - (kernel - factor)};
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
  // The smallest shift that is a whole number of pixels behind each layer.
  std::int64_t alignment = 1;
  for (std::size_t count = 1; count <= layers.size(); ++count)
    alignment = std::lcm(alignment, step_of(layers.first(count)).down);
  return alignment;
}

std::pair<std::int64_t, std::int64_t> nearest_extents(const std::function<std::int64_t(std::int64_t)>& output,
                                                      std::int64_t input) {
  std::int64_t below = input - 1;
  while (below > 0 && output(below) == 0) --below;
  std::int64_t above = std::max<std::int64_t>(input, 0) + 1;
  while (output(above) == 0) ++above;
  return {std::max<std::int64_t>(below, 0), above};
}

AxisGeometry::AxisGeometry(std::vector<std::vector<AxisLayer>> paths) : paths_(std::move(paths)) {
  const Step step = step_of(layers());
  down_ = step.down;
  up_ = step.up;
}

std::int64_t AxisGeometry::output_size(std::int64_t input) const {
  std::int64_t size = output_extent(layers(), input);
  for (const std::vector<AxisLayer>& path : paths_)
    if (output_extent(path, input) == 0) size = 0;
  return size;
}

std::pair<std::int64_t, std::int64_t> AxisGeometry::nearest_sizes(std::int64_t input) const {
  return nearest_extents([this](std::int64_t size) { return output_size(size); }, input);
}

std::int64_t AxisGeometry::alignment() const {
  std::int64_t alignment = 1;
  for (const std::vector<AxisLayer>& path : paths_) alignment = std::lcm(alignment, alignment_of(path));
  return alignment;
}

std::int64_t AxisGeometry::margin() const {
  const std::int64_t taken = nearest_sizes(0).second;
  return (taken - output_size(taken) * down_ / up_) / 2;
}

std::int64_t AxisGeometry::receptive_radius() const {
  const std::int64_t margin = this->margin(), outputs = alignment() / down_ * up_;
  std::int64_t radius = 0;
  for (const std::vector<AxisLayer>& path : paths_)
    for (std::int64_t pixel = 0; pixel < outputs; ++pixel) {
      const std::int64_t first = pixel * down_ / up_, last = ((pixel + 1) * down_ - 1) / up_;
      const AxisField field = field_of_view(path, pixel, pixel);
      radius = std::max({radius, last + margin - field.first, field.last - first - margin});
    }
  return radius;
}

}  // namespace tuff
