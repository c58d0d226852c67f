#include "ops/resize_tables.h"

#include <algorithm>
#include <cmath>

namespace tuff {

namespace {

// Of target o's center, in source pixels.
double source_of(const ResizeAttributes& attributes, const ResizeAxis& axis, double o) {
  const auto in = static_cast<double>(axis.in), out = static_cast<double>(axis.out), scaled = axis.scale * in;
  switch (attributes.coordinates) {
    case ResizeCoordinates::pytorch:
      if (attributes.align_corners) return axis.out > 1 ? o * (in - 1) / (out - 1) : 0;
      return attributes.mode == ResizeMode::nearest ? o / axis.scale : (o + 0.5) / axis.scale - 0.5;
    case ResizeCoordinates::half_pixel: return (o + 0.5) / axis.scale - 0.5;
    case ResizeCoordinates::tf_half_pixel: return (o + 0.5) / axis.scale;
    case ResizeCoordinates::pytorch_half_pixel: return axis.out == 1 ? 0 : (o + 0.5) / axis.scale - 0.5;
    case ResizeCoordinates::align_corners: return scaled == 1 ? 0 : o * (in - 1) / (scaled - 1);
    case ResizeCoordinates::asymmetric: return o / axis.scale;
    case ResizeCoordinates::half_pixel_symmetric: return in / 2 * (1 - out / scaled) + (o + 0.5) / axis.scale - 0.5;
    case ResizeCoordinates::crop_and_resize:
      if (scaled == 1) return (axis.start + axis.end) / 2 * (in - 1);
      return axis.start * (in - 1) + o * (axis.end - axis.start) * (in - 1) / (scaled - 1);
  }
  return o;
}

double nearest(NearestMode mode, double source) {
  switch (mode) {
    case NearestMode::floor: return std::floor(source);
    case NearestMode::ceil: return std::ceil(source);
    case NearestMode::round_prefer_floor: return std::ceil(source - 0.5);
    case NearestMode::round_prefer_ceil: return std::floor(source + 0.5);
  }
  return source;
}

// Of a pixel at a distance; Keys 1981 for the cubic.
double filter(ResizeMode mode, double a, double distance) {
  const double x = std::abs(distance);
  if (mode == ResizeMode::bilinear) return std::max(1 - x, 0.0);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

void normalize(ResampleTaps& taps) {
  double sum = 0;
  for (const auto& [source, weight] : taps) sum += weight;
  for (auto& [source, weight] : taps) weight /= sum;
}

ResampleTaps interpolation(const ResizeAttributes& attributes, const ResizeAxis& axis, double source) {
  const bool pytorch = attributes.coordinates == ResizeCoordinates::pytorch;
  const double a = attributes.cubic_coeff_a.value_or(pytorch && attributes.antialias ? -0.5 : -0.75);
  const double density = attributes.antialias ? std::min(axis.scale, 1.0) : 1;
  const double reach = (attributes.mode == ResizeMode::bilinear ? 1 : 2) / density;
  ResampleTaps taps;
  for (auto i = static_cast<std::int64_t>(std::floor(source - reach)); static_cast<double>(i) <= source + reach; ++i) {
    const double weight = filter(attributes.mode, a, density * (static_cast<double>(i) - source));
    if (weight != 0) taps.emplace_back(i, weight);
  }
  if (attributes.antialias) normalize(taps);
  if (attributes.exclude_outside || (pytorch && attributes.antialias)) {
    std::erase_if(taps, [&](const auto& tap) { return tap.first < 0 || tap.first >= axis.in; });
    normalize(taps);
  }
  for (auto& [at, weight] : taps) at = std::clamp<std::int64_t>(at, 0, axis.in - 1);
  return taps;
}

}  // namespace

ResampleTable resize_table(const ResizeAttributes& attributes, const ResizeAxis& axis) {
  std::vector<ResampleTaps> results;
  for (std::int64_t o = 0; o < axis.out; ++o) {
    const double source = source_of(attributes, axis, static_cast<double>(o));
    const auto last = static_cast<double>(axis.in - 1);
    const bool extrapolated =
        attributes.coordinates == ResizeCoordinates::crop_and_resize && (source < 0 || source > last);
    if (extrapolated)
      results.emplace_back();
    else if (attributes.mode == ResizeMode::nearest)
      results.push_back(
          {{static_cast<std::int64_t>(std::clamp(nearest(attributes.nearest_mode, source), 0.0, last)), 1.0}});
    else
      results.push_back(interpolation(attributes, axis, source));
  }
  return resample_table(axis.in, results);
}

}  // namespace tuff
