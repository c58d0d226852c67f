#include "ops/blur.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/resample.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

ResampleTable blur_table(std::int64_t extent, std::int64_t kernel_size, double sigma) {
  const std::int64_t radius = kernel_size / 2;
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t k = -radius; k <= radius; ++k) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(k * k) / (sigma * sigma)));
    sum += weights.back();
  }
  std::vector<ResampleTaps> results(static_cast<std::size_t>(extent));
  for (std::int64_t o = 0; o < extent; ++o)
    for (std::int64_t k = -radius; k <= radius; ++k)
      results[static_cast<std::size_t>(o)].emplace_back(mirrored_index(o + k, extent),
                                                        weights[static_cast<std::size_t>(k + radius)] / sum);
  return resample_table(extent, results);
}

using FiveTaps = std::array<double, 5>;

FiveTaps generating_kernel(double a) {
  return {0.25 - a / 2, 0.25, a, 0.25, 0.25 - a / 2};
}

ResampleTable down_table(std::int64_t extent, const FiveTaps& kernel) {
  std::vector<ResampleTaps> results(static_cast<std::size_t>((extent + 1) / 2));
  for (std::size_t o = 0; o < results.size(); ++o)
    for (std::int64_t k = 0; k < 5; ++k)
      results[o].emplace_back(mirrored_index(2 * static_cast<std::int64_t>(o) + k - 2, extent),
                              kernel[static_cast<std::size_t>(k)]);
  return resample_table(extent, results);
}

// Source i lies at 2 i of the result; the places between are 0.
ResampleTable up_table(std::int64_t extent, std::int64_t size, const FiveTaps& kernel) {
  std::vector<ResampleTaps> results(static_cast<std::size_t>(size));
  for (std::int64_t o = 0; o < size; ++o)
    for (std::int64_t k = 0; k < 5; ++k) {
      const std::int64_t at = mirrored_index(o + k - 2, size);
      if (at % 2 == 0)
        results[static_cast<std::size_t>(o)].emplace_back(at / 2, 2 * kernel[static_cast<std::size_t>(k)]);
    }
  return resample_table(extent, results);
}

}  // namespace

Value gaussian_blur(Value x, const std::vector<std::int64_t>& kernel_size, const std::vector<double>& sigma) {
  require_image("gaussian_blur", "x", x.type());
  const int axes = x.shape().rank() - 2;
  const std::vector<std::int64_t> sizes = per_axis("gaussian_blur", "kernel_size", kernel_size, axes, 3, 1);
  if (kernel_size.empty() || (sigma.size() > 1 && sigma.size() != sizes.size()))
    throw Error(fmt::format(
        "gaussian_blur: {} values of kernel_size and {} of sigma for {} spatial axes; give one per axis or one for all",
        kernel_size.size(), sigma.size(), axes));
  for (int axis = 0; axis < axes; ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    const double width = sigma.empty() ? 0.15 * static_cast<double>(sizes[a]) + 0.35 : sigma[sigma.size() == 1 ? 0 : a];
    if (sizes[a] % 2 == 0) throw Error(fmt::format("gaussian_blur: kernel_size is {}, must be odd", sizes[a]));
    if (!(width > 0)) throw Error(fmt::format("gaussian_blur: sigma is {}, must be above 0", width));
    if (sizes[a] > 1) x = resample(x, axis + 2, blur_table(x.shape()[axis + 2], sizes[a], width));
  }
  return x;
}

Value pyramid_down(Value x, double a) {
  require_image("pyramid_down", "x", x.type());
  for (int axis = 2; axis < x.shape().rank(); ++axis)
    x = resample(x, axis, down_table(x.shape()[axis], generating_kernel(a)));
  return x;
}

Value pyramid_up(Value x, const std::vector<std::int64_t>& size, double a) {
  require_image("pyramid_up", "x", x.type());
  const auto axes = static_cast<std::size_t>(x.shape().rank() - 2);
  if (!size.empty() && size.size() != axes)
    throw Error(fmt::format("pyramid_up: size has {} values for {} spatial axes of x ({})", size.size(), axes,
                            to_string(x.type())));
  const TensorType type = x.type();
  for (std::size_t i = 0; i < axes; ++i) {
    const int axis = static_cast<int>(i) + 2;
    const std::int64_t extent = type.shape[axis], goal = size.empty() ? 2 * extent : size[i];
    if (goal != 2 * extent && goal != 2 * extent - 1)
      throw Error(fmt::format("pyramid_up: axis {} of x ({}) grows to {} or {}, not {}", axis, to_string(type),
                              2 * extent - 1, 2 * extent, goal));
    x = resample(x, axis, up_table(extent, goal, generating_kernel(a)));
  }
  return x;
}

}  // namespace tuff
