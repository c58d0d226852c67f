#include "io/noise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace tuff {
namespace {

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double count = static_cast<double>(values.size()), mean = sum / count;
  return {mean, std::sqrt(squares / count - mean * mean)};
}

std::vector<float> noisy(float value, std::string_view noise, std::uint64_t seed = 1) {
  std::vector<float> values(100'000, value);
  PhiloxStream random(seed);
  add_noise(values, parse_noise(noise), random);
  return values;
}

}  // namespace

TEST_CASE("noise: mean and deviation are those of the model") {
  const Moments gaussian = moments(noisy(0.3f, "gaussian:0.2"));
  CHECK(gaussian.mean == doctest::Approx(0.3).epsilon(0.01));
  CHECK(gaussian.deviation == doctest::Approx(0.2).epsilon(0.01));
  for (const float value : {0.1f, 0.9f}) {  // 5 and 45 photons: both ways to draw
    const Moments poisson = moments(noisy(value, "poisson:50"));
    CHECK(poisson.mean == doctest::Approx(value).epsilon(0.01));
    CHECK(poisson.deviation == doctest::Approx(std::sqrt(value / 50)).epsilon(0.02));
  }
  CHECK(moments(noisy(-0.5f, "poisson:50")).mean == 0);
  const std::vector<float> specks = noisy(0.5f, "salt-pepper:0.1");
  CHECK(static_cast<double>(std::ranges::count(specks, 0.0f)) == doctest::Approx(5000).epsilon(0.05));
  CHECK(static_cast<double>(std::ranges::count(specks, 1.0f)) == doctest::Approx(5000).epsilon(0.05));
  CHECK(std::ranges::count(specks, 0.5f) > 89'000);
}

TEST_CASE("noise: a function of the stream") {
  CHECK(noisy(0.5f, "gaussian:0.1") == noisy(0.5f, "gaussian:0.1"));
  CHECK(noisy(0.5f, "gaussian:0.1") != noisy(0.5f, "gaussian:0.1", 2));
  CHECK(noisy(0.5f, "none") == std::vector<float>(100'000, 0.5f));
}

TEST_CASE("noise: words") {
  for (const char* text : {"none", "gaussian:0.1", "poisson:50", "salt-pepper:0.05"})
    CHECK(to_string(parse_noise(text)) == text);
  for (const char* text : {"", "gauss:0.1", "gaussian", "gaussian:", "gaussian:x", "gaussian:-1", "salt-pepper:1.5"})
    CHECK_THROWS_AS(parse_noise(text), Error);
  CHECK_THROWS_WITH(parse_noise("fog:1"), doctest::Contains("gaussian:DEVIATION"));
}

}  // namespace tuff
