#include "train/latent_arithmetic.h"

#include <algorithm>
#include <cmath>

namespace tuff {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// Between two vectors, 0 to pi; 0 where one has no direction.
double angle_between(std::span<const float> a, std::span<const float> b) {
  const double lengths = std::sqrt(dot(a, a)) * std::sqrt(dot(b, b));
  return lengths > 0 ? std::acos(std::clamp(dot(a, b) / lengths, -1.0, 1.0)) : 0;
}

// From -1 to 1.
double place(std::int64_t step, std::int64_t steps) {
  return 2 * static_cast<double>(step) / static_cast<double>(steps - 1) - 1;
}

}  // namespace

HostTensor interpolated(std::span<const float> a, std::span<const float> b, std::int64_t steps, bool spherical) {
  HostTensor rows(Shape{steps, static_cast<std::int64_t>(a.size())});
  const double angle = spherical ? angle_between(a, b) : 0;
  const bool arc = std::sin(angle) > 1e-6;
  for (std::int64_t step = 0; step < steps; ++step) {
    const auto row = rows.floats().subspan(static_cast<std::size_t>(step) * a.size(), a.size());
    if (step == 0 || step == steps - 1) {
      std::ranges::copy(step == 0 ? a : b, row.begin());
      continue;
    }
    const double t = static_cast<double>(step) / static_cast<double>(steps - 1);
    const double from = arc ? std::sin((1 - t) * angle) / std::sin(angle) : 1 - t;
    const double to = arc ? std::sin(t * angle) / std::sin(angle) : t;
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = static_cast<float>(from * static_cast<double>(a[i]) + to * static_cast<double>(b[i]));
  }
  return rows;
}

std::vector<double> mean_row(const HostTensor& rows) {
  const auto count = static_cast<std::size_t>(rows.shape[0]), width = static_cast<std::size_t>(rows.shape[1]);
  std::vector<double> mean(width);
  for (std::size_t i = 0; i < count * width; ++i) mean[i % width] += static_cast<double>(rows.floats()[i]);
  for (double& value : mean) value /= static_cast<double>(count);
  return mean;
}

HostTensor traversed(std::span<const float> origin, std::span<const std::int64_t> dimensions, std::int64_t steps,
                     double range) {
  HostTensor rows(
      Shape{static_cast<std::int64_t>(dimensions.size()) * steps, static_cast<std::int64_t>(origin.size())});
  auto to = rows.floats();
  for (const std::int64_t dimension : dimensions)
    for (std::int64_t step = 0; step < steps; ++step) {
      std::ranges::copy(origin, to.begin());
      to[static_cast<std::size_t>(dimension)] = static_cast<float>(range * place(step, steps));
      to = to.subspan(origin.size());
    }
  return rows;
}

std::vector<LatentDimension> latent_dimensions(const HostTensor& mean, const HostTensor& log_variance) {
  const auto count = static_cast<std::size_t>(mean.shape[0]), width = static_cast<std::size_t>(mean.shape[1]);
  const std::vector<double> means = mean_row(mean);
  std::vector<LatentDimension> all(width);
  for (std::size_t i = 0; i < count * width; ++i) {
    LatentDimension& dimension = all[i % width];
    const double value = static_cast<double>(mean.floats()[i]), log = static_cast<double>(log_variance.floats()[i]);
    dimension.variance_of_means += (value - means[i % width]) * (value - means[i % width]);
    dimension.variance += std::exp(log);
    dimension.kl += 0.5 * (value * value + std::exp(log) - 1 - log);
  }
  for (std::size_t i = 0; i < width; ++i) {
    LatentDimension& dimension = all[i];
    dimension.mean = means[i];
    dimension.variance_of_means /= static_cast<double>(count);
    dimension.variance = dimension.variance / static_cast<double>(count) + dimension.variance_of_means;
    dimension.kl /= static_cast<double>(count);
  }
  return all;
}

}  // namespace tuff
