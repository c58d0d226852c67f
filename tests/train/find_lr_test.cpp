#include "train/find_lr.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/files.h"

namespace tuff::test {

TEST_CASE("find-lr: rates rise by the same factor each step") {
  const RateRange range{.lowest = 1e-6, .highest = 10, .steps = 8};
  CHECK(range.at(0) == doctest::Approx(1e-6));
  CHECK(range.at(7) == doctest::Approx(10));
  for (std::int64_t step = 1; step < 8; ++step) CHECK(range.at(step) / range.at(step - 1) == doctest::Approx(10));
}

TEST_CASE("find-lr: smoothed losses are means of neighbors") {
  const std::vector<double> losses = {4, 2, 3, 1, 5};
  CHECK(smooth_losses(losses, 1) == std::vector<double>{3, 3, 2, 3, 3});
  CHECK(smooth_losses(losses, 9) == std::vector<double>(5, 3));
  CHECK(smooth_losses({}, 1).empty());
}

TEST_CASE("find-lr: suggests where the loss falls fastest, whatever it does beyond its least") {
  std::vector<double> rates, losses;
  for (int step = 0; step < 100; ++step) {
    const double log = -6 + 7 * step / 99.0;
    rates.push_back(std::pow(10, log));
    const double fall = 1 / (1 + std::exp(4 * (log + 3)));           // fastest at 1e-3
    const double rise = log > -1 ? std::exp(3 * (log + 1)) - 1 : 0;  // and far above 0.1 it diverges
    losses.push_back(-5 + fall + rise);
  }
  const auto found = suggest_rate(rates, losses);
  REQUIRE(found);
  CHECK(std::abs(std::log10(*found) + 3) < 0.2);
  CHECK(!suggest_rate(rates, std::vector<double>(100, 1.0)));
  std::vector<double> rising;
  for (int step = 0; step < 100; ++step) rising.push_back(step);
  CHECK(!suggest_rate(rates, rising));
  CHECK(!suggest_rate({}, {}));
}

TEST_CASE("find-lr: a table and a plot, and nothing else") {
  const TemporaryFolder folder;
  RateTest test{.rates = {1e-3, 1e-2, 1e-1}, .losses = {1, 0.5, 1e9}, .suggestion = 1e-2};
  test.smoothed = smooth_losses(test.losses, 1);
  write_rate_test(folder / "new", test);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder / "new")) ++files;
  CHECK(files == 2);
  CHECK(read_image(folder / "new" / kRatePlot).width == 640);
}

}  // namespace tuff::test
