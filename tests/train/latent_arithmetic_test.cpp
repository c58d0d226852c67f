#include "train/latent_arithmetic.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tuff;

namespace {

std::vector<float> row(const HostTensor& rows, std::int64_t index) {
  const auto width = static_cast<std::size_t>(rows.shape[1]);
  const auto values = rows.floats().subspan(static_cast<std::size_t>(index) * width, width);
  return {values.begin(), values.end()};
}

double length(const std::vector<float>& values) {
  return std::hypot(static_cast<double>(values[0]), static_cast<double>(values[1]));
}

}  // namespace

TEST_CASE("latent arithmetic: interpolation keeps its ends, straight or along the arc") {
  const std::vector<float> a = {3, 0}, b = {0, 3};
  for (const bool spherical : {false, true}) {
    const HostTensor rows = interpolated(a, b, 5, spherical);
    CHECK(rows.shape == Shape{5, 2});
    CHECK(row(rows, 0) == a);
    CHECK(row(rows, 4) == b);
    CHECK(length(row(rows, 2)) == doctest::Approx(spherical ? 3 : 3 / std::sqrt(2.0)));
  }
  CHECK(row(interpolated(a, b, 3, true), 1)[0] == doctest::Approx(3 * std::sqrt(0.5)));
  // No arc between these: straight.
  const std::vector<float> opposite = {-3, 0}, zero = {0, 0};
  CHECK(row(interpolated(a, opposite, 3, true), 1) == zero);
  CHECK(row(interpolated(a, zero, 3, true), 1) == std::vector<float>{1.5f, 0});
}

TEST_CASE("latent arithmetic: traversal changes one number a row") {
  const std::vector<float> origin = {1, 2, 5};
  const std::vector<std::int64_t> dimensions = {2, 0};
  const HostTensor rows = traversed(origin, dimensions, 3, 3);
  CHECK(rows.shape == Shape{6, 3});
  CHECK(row(rows, 0) == std::vector<float>{1, 2, -3});
  CHECK(row(rows, 1) == std::vector<float>{1, 2, 0});
  CHECK(row(rows, 2) == std::vector<float>{1, 2, 3});
  CHECK(row(rows, 5) == std::vector<float>{3, 2, 5});
}

TEST_CASE("latent arithmetic: use of the code, by hand") {
  // Two images; the first number tells them apart, the second is the prior.
  const std::vector<float> means = {1, 0, -1, 0};
  const auto quarter = static_cast<float>(std::log(0.25));
  const std::vector<float> variances = {quarter, 0, quarter, 0};
  const auto all =
      latent_dimensions(HostTensor::from_floats({2, 2}, means), HostTensor::from_floats({2, 2}, variances));
  REQUIRE(all.size() == 2);
  CHECK(all[0].mean == 0);
  CHECK(all[0].variance == doctest::Approx(1.25));
  CHECK(all[0].variance_of_means == doctest::Approx(1));
  CHECK(all[0].kl == doctest::Approx(0.5 * (1 + 0.25 - 1 - std::log(0.25))));
  CHECK(all[0].active());
  CHECK(all[1].variance == doctest::Approx(1));
  CHECK(all[1].kl == 0);
  CHECK_FALSE(all[1].active());
  CHECK(mean_row(HostTensor::from_floats({2, 2}, std::vector<float>{1, 2, 3, 6})) == std::vector<double>{2, 4});
}
