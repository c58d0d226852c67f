#include "io/smooth.h"

#include <cassert>
#include <cmath>
#include <vector>

namespace tuff {
namespace {

std::vector<double> gaussian(double sigma) {
  const auto radius = static_cast<std::int64_t>(4 * sigma + 0.5);
  std::vector<double> kernel;
  double sum = 0;
  for (std::int64_t i = -radius; i <= radius; ++i) {
    kernel.push_back(std::exp(-0.5 * static_cast<double>(i * i) / (sigma * sigma)));
    sum += kernel.back();
  }
  for (double& weight : kernel) weight /= sum;
  return kernel;
}

// Where the mirrored line has what lies at `i`; lines shorter than the kernel are mirrored again and again.
std::int64_t mirrored(std::int64_t i, std::int64_t length) {
  i %= 2 * length;
  if (i < 0) i += 2 * length;
  return i < length ? i : 2 * length - 1 - i;
}

// One line of `length` values that lie `stride` apart.
void smooth_line(float* line, std::int64_t length, std::int64_t stride, const std::vector<double>& kernel,
                 std::vector<double>& padded) {
  const auto radius = static_cast<std::int64_t>(kernel.size() / 2);
  padded.clear();
  for (std::int64_t i = -radius; i < length + radius; ++i)
    padded.push_back(static_cast<double>(line[mirrored(i, length) * stride]));
  for (std::int64_t i = 0; i < length; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < kernel.size(); ++k) sum += kernel[k] * padded[static_cast<std::size_t>(i) + k];
    line[i * stride] = static_cast<float>(sum);
  }
}

}  // namespace

void smooth(std::span<float> plane, std::int64_t height, std::int64_t width, double sigma) {
  assert(sigma > 0 && plane.size() == static_cast<std::size_t>(height * width));
  const std::vector<double> kernel = gaussian(sigma);
  std::vector<double> padded;
  for (std::int64_t y = 0; y < height; ++y) smooth_line(plane.data() + y * width, width, 1, kernel, padded);
  for (std::int64_t x = 0; x < width; ++x) smooth_line(plane.data() + x, height, width, kernel, padded);
}

}  // namespace tuff
