#include "io/shrink.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace tuff {
namespace {

double keys_cubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

// Weights of the pixels from `first` on for one pixel of the result.
struct Taps {
  std::int64_t first = 0;
  std::vector<double> weights;
};

// `step`: from pixel to pixel of the result, in those of the source.
Taps taps_of(std::int64_t index, double step, std::int64_t extent) {
  const double width = std::max(1.0, step);  // of the kernel
  const double center = (static_cast<double>(index) + 0.5) * step;
  const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(center - 2 * width)));
  const auto end = std::min(extent, static_cast<std::int64_t>(std::ceil(center + 2 * width)));
  Taps taps{first, {}};
  double sum = 0;
  for (std::int64_t i = first; i < end; ++i) {
    taps.weights.push_back(keys_cubic((static_cast<double>(i) + 0.5 - center) / width));
    sum += taps.weights.back();
  }
  for (double& weight : taps.weights) weight /= sum;
  return taps;
}

// The middle axis of (outer, extent, inner) to another extent.
std::vector<float> resample_axis(const std::vector<float>& values, std::int64_t outer, std::int64_t extent,
                                 std::int64_t inner, std::int64_t result_extent) {
  const double step = static_cast<double>(extent) / static_cast<double>(result_extent);
  std::vector<float> result(static_cast<std::size_t>(outer * result_extent * inner));
  for (std::int64_t index = 0; index < result_extent; ++index) {
    const Taps taps = taps_of(index, step, extent);
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        double sum = 0;
        for (std::size_t tap = 0; tap < taps.weights.size(); ++tap) {
          const std::int64_t from = (o * extent + taps.first + static_cast<std::int64_t>(tap)) * inner + i;
          sum += taps.weights[tap] * static_cast<double>(values[static_cast<std::size_t>(from)]);
        }
        result[static_cast<std::size_t>((o * result_extent + index) * inner + i)] = static_cast<float>(sum);
      }
  }
  return result;
}

Image resample(const Image& image, const ImageSize& size) {
  const std::int64_t planes = image.channels * image.depth;
  Image result(image.channels, size);
  result.info = image.info;
  result.values = resample_axis(image.values, planes * image.height, image.width, 1, size.width);
  result.values = resample_axis(result.values, planes, image.height, size.width, size.height);
  if (size.depth != image.depth)
    result.values = resample_axis(result.values, image.channels, image.depth, size.height * size.width, size.depth);
  return result;
}

}  // namespace

ImageSize shrunk(const ImageSize& size, std::int64_t factor) {
  return {size.depth > 1 ? size.depth / factor : 1, size.height / factor, size.width / factor};
}

ImageSize enlarged(const ImageSize& size, std::int64_t factor) {
  return {size.depth > 1 ? size.depth * factor : 1, size.height * factor, size.width * factor};
}

Image cut_to_multiple(const Image& image, std::int64_t factor) {
  assert(image.frames == 1);
  const ImageSize small = shrunk(image.size(), factor);
  const ImageSize size(image.depth > 1 ? small.depth * factor : 1, small.height * factor, small.width * factor);
  Image result(image.channels, size);
  result.info = image.info;
  for (std::int64_t c = 0; c < image.channels; ++c)
    for (std::int64_t z = 0; z < size.depth; ++z)
      for (std::int64_t y = 0; y < size.height; ++y)
        std::copy_n(image.channel(c).begin() + (z * image.height + y) * image.width, size.width,
                    result.channel(c).begin() + (z * size.height + y) * size.width);
  return result;
}

Image shrink(const Image& image, std::int64_t factor) {
  return resample(cut_to_multiple(image, factor), shrunk(image.size(), factor));
}

Image enlarge(const Image& image, std::int64_t factor) {
  return resample(image, enlarged(image.size(), factor));
}

}  // namespace tuff
