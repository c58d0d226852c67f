#include "train/image_metrics.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

namespace tuff {
namespace {

constexpr int kWindow = 11;

std::array<double, kWindow> gaussian_window() {
  std::array<double, kWindow> weights{};
  for (int i = 0; i < kWindow; ++i) {
    const double distance = i - kWindow / 2;
    weights[static_cast<std::size_t>(i)] = std::exp(-distance * distance / (2 * 1.5 * 1.5));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

// (height - 10) * (width - 10) values, rows then columns.
std::vector<double> blurred(const std::vector<double>& plane, std::int64_t height, std::int64_t width) {
  static const std::array<double, kWindow> kWeights = gaussian_window();
  const std::int64_t inner = width - kWindow + 1, rows = height - kWindow + 1;
  std::vector<double> across(static_cast<std::size_t>(height * inner)), result(static_cast<std::size_t>(rows * inner));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < inner; ++x) {
      double sum = 0;
      for (std::int64_t i = 0; i < kWindow; ++i)
        sum += kWeights[static_cast<std::size_t>(i)] * plane[static_cast<std::size_t>(y * width + x + i)];
      across[static_cast<std::size_t>(y * inner + x)] = sum;
    }
  for (std::int64_t y = 0; y < rows; ++y)
    for (std::int64_t x = 0; x < inner; ++x) {
      double sum = 0;
      for (std::int64_t i = 0; i < kWindow; ++i)
        sum += kWeights[static_cast<std::size_t>(i)] * across[static_cast<std::size_t>((y + i) * inner + x)];
      result[static_cast<std::size_t>(y * inner + x)] = sum;
    }
  return result;
}

struct Moments {
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
};

double similarity(const Moments& m, double range) {
  const double c1 = 0.01 * range * 0.01 * range, c2 = 0.03 * range * 0.03 * range;
  const double variance_x = m.xx - m.x * m.x, variance_y = m.yy - m.y * m.y, covariance = m.xy - m.x * m.y;
  return (2 * m.x * m.y + c1) * (2 * covariance + c2) / ((m.x * m.x + m.y * m.y + c1) * (variance_x + variance_y + c2));
}

Moments whole_moments(std::span<const float> a, std::span<const float> b) {
  Moments sum;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    sum.x += x, sum.y += y, sum.xx += x * x, sum.yy += y * y, sum.xy += x * y;
  }
  const auto count = static_cast<double>(a.size());
  return {sum.x / count, sum.y / count, sum.xx / count, sum.yy / count, sum.xy / count};
}

double plane_similarity(std::span<const float> a, std::span<const float> b, std::int64_t height, std::int64_t width,
                        double range) {
  if (height < kWindow || width < kWindow) return similarity(whole_moments(a, b), range);
  std::array<std::vector<double>, 5> planes;
  for (std::vector<double>& plane : planes) plane.resize(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    planes[0][i] = x, planes[1][i] = y, planes[2][i] = x * x, planes[3][i] = y * y, planes[4][i] = x * y;
  }
  for (std::vector<double>& plane : planes) plane = blurred(plane, height, width);
  double sum = 0;
  for (std::size_t i = 0; i < planes[0].size(); ++i)
    sum += similarity({planes[0][i], planes[1][i], planes[2][i], planes[3][i], planes[4][i]}, range);
  return sum / static_cast<double>(planes[0].size());
}

}  // namespace

double psnr(std::span<const float> image, std::span<const float> truth, double range) {
  assert(image.size() == truth.size());
  double squares = 0;
  for (std::size_t i = 0; i < image.size(); ++i) {
    const double difference = static_cast<double>(image[i]) - static_cast<double>(truth[i]);
    squares += difference * difference;
  }
  constexpr double kMost = 200;
  const double error = squares / static_cast<double>(image.size());
  return error > 0 ? std::min(kMost, 10 * std::log10(range * range / error)) : kMost;
}

double structural_similarity(std::span<const float> image, std::span<const float> truth, const ImageSize& size,
                             double range) {
  assert(image.size() == truth.size() && image.size() == static_cast<std::size_t>(size.pixels()));
  const auto plane = static_cast<std::size_t>(size.height * size.width);
  double sum = 0;
  for (std::size_t z = 0; z < static_cast<std::size_t>(size.depth); ++z)
    sum += plane_similarity(image.subspan(z * plane, plane), truth.subspan(z * plane, plane), size.height, size.width,
                            range);
  return sum / static_cast<double>(size.depth);
}

double pearson(std::span<const float> image, std::span<const float> truth) {
  assert(image.size() == truth.size());
  const Moments m = whole_moments(image, truth);
  double xx = 0, yy = 0, xy = 0;  // about the means, for small deviations of large values
  for (std::size_t i = 0; i < image.size(); ++i) {
    const double x = static_cast<double>(image[i]) - m.x, y = static_cast<double>(truth[i]) - m.y;
    xx += x * x, yy += y * y, xy += x * y;
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace tuff
