#include "instances/borders.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace tuff {
namespace {

Labels random_objects(std::int64_t height, std::int64_t width) {
  Labels labels(1, height, width);
  std::mt19937 random(4);
  for (std::int32_t id = 1; id < 9; ++id) {
    const auto top = static_cast<std::int64_t>(random() % static_cast<unsigned>(height - 8));
    const auto left = static_cast<std::int64_t>(random() % static_cast<unsigned>(width - 8));
    for (std::int64_t y = top; y < top + 5; ++y)
      for (std::int64_t x = left; x < left + 7; ++x) labels.ids[static_cast<std::size_t>(y * width + x)] = id;
  }
  return labels;
}

// By the formula, over all pairs of pixels.
double weight_at(const Labels& labels, std::int64_t y, std::int64_t x, double w0, double sigma) {
  std::vector<double> nearest(20, 1e9);  // of each id
  for (std::int64_t v = 0; v < labels.height; ++v)
    for (std::int64_t u = 0; u < labels.width; ++u) {
      const auto id = static_cast<std::size_t>(labels.ids[static_cast<std::size_t>(v * labels.width + u)]);
      if (id > 0) nearest[id] = std::min(nearest[id], std::hypot(double(v - y), double(u - x)));
    }
  std::ranges::sort(nearest);
  const double sum = nearest[0] + nearest[1];
  return w0 * std::exp(-sum * sum / (2 * sigma * sigma));
}

}  // namespace

TEST_CASE("borders: weights are those of the paper's formula, on background alone") {
  const Labels labels = random_objects(40, 50);
  const std::vector<float> weights = border_weights(labels, 10, 3);
  double most = 0;
  for (std::int64_t y = 0; y < 40; ++y)
    for (std::int64_t x = 0; x < 50; ++x) {
      const auto at = static_cast<std::size_t>(y * 50 + x);
      const double expected = labels.ids[at] != 0 ? 0 : weight_at(labels, y, x, 10, 3);
      CHECK(std::abs(static_cast<double>(weights[at]) - expected) < 0.004);  // beyond 4 sigma: 10 exp(-8)
      if (expected > 0.01) CHECK(weights[at] == doctest::Approx(expected).epsilon(1e-4));
      most = std::max(most, static_cast<double>(weights[at]));
    }
  CHECK(most > 3);
  CHECK_THROWS_AS(border_weights(Labels(2, 4, 4)), Error);
}

TEST_CASE("borders: one object has none") {
  Labels labels(1, 9, 9);
  labels.ids[40] = 1;
  for (const float weight : border_weights(labels)) CHECK(weight == 0);
}

TEST_CASE("borders: classes of inside and boundary, touching objects have one between them") {
  Labels labels(1, 5, 12);
  for (std::int64_t y = 0; y < 5; ++y)
    for (std::int64_t x = 1; x < 11; ++x) labels.ids[static_cast<std::size_t>(y * 12 + x)] = x < 6 ? 1 : 2;
  const std::vector<std::int32_t> thin = boundary_classes(labels);
  const std::vector<std::int32_t> row(thin.begin() + 24, thin.begin() + 36);
  CHECK(row == std::vector<std::int32_t>{0, 2, 1, 1, 1, 2, 2, 1, 1, 1, 2, 0});
  const std::vector<std::int32_t> thick = boundary_classes(labels, 2);
  CHECK(std::vector<std::int32_t>(thick.begin() + 24, thick.begin() + 36) ==
        std::vector<std::int32_t>{0, 2, 2, 1, 2, 2, 2, 2, 1, 2, 2, 0});
  Labels volume(3, 3, 3);
  for (std::int32_t& id : volume.ids) id = 1;
  CHECK(boundary_classes(volume) == std::vector<std::int32_t>(27, 1));  // the image's edge is no boundary
  volume.ids[0] = 0;
  CHECK(boundary_classes(volume)[13] == 2);
}

}  // namespace tuff
