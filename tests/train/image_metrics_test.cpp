#include "train/image_metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace tuff {
namespace {

// A pattern of waves and the same, changed. The numbers expected below are NumPy's by the formulas, in doubles; its
// windows by np.convolve(..., "valid") along both axes.
struct Pair {
  std::vector<float> truth, image;
  ImageSize size{20, 24};
  Pair() {
    for (int y = 0; y < 20; ++y)
      for (int x = 0; x < 24; ++x) {
        const double wave = 0.5 + 0.4 * std::sin(0.5 * y) * std::cos(0.3 * x);
        truth.push_back(static_cast<float>(wave));
        image.push_back(static_cast<float>(0.8 * wave + 0.05 + 0.05 * std::sin(1.7 * x + y)));
      }
  }
};

}  // namespace

TEST_CASE("image metrics: PSNR, structural similarity and correlation of a known pair") {
  const Pair pair;
  CHECK(psnr(pair.image, pair.truth) == doctest::Approx(22.52883619).epsilon(1e-6));
  CHECK(psnr(pair.image, pair.truth, 2) == doctest::Approx(22.52883619 + 20 * std::log10(2)).epsilon(1e-6));
  CHECK(structural_similarity(pair.image, pair.truth, pair.size) == doctest::Approx(0.93218392).epsilon(1e-5));
  CHECK(pearson(pair.image, pair.truth) == doctest::Approx(0.97699296).epsilon(1e-6));
}

TEST_CASE("image metrics: of equal, opposite and constant images") {
  const Pair pair;
  CHECK(psnr(pair.truth, pair.truth) == 200);
  CHECK(structural_similarity(pair.truth, pair.truth, pair.size) == doctest::Approx(1));
  CHECK(pearson(pair.truth, pair.truth) == doctest::Approx(1));
  std::vector<float> opposite;
  for (const float value : pair.truth) opposite.push_back(1 - value);
  CHECK(pearson(opposite, pair.truth) == doctest::Approx(-1));
  CHECK(pearson(std::vector<float>(480, 0.3f), pair.truth) == 0);
}

TEST_CASE("image metrics: volumes are judged slice by slice, small images as one window") {
  const Pair pair;
  std::vector<float> twice = pair.image, truth = pair.truth;
  twice.insert(twice.end(), pair.truth.begin(), pair.truth.end());
  truth.insert(truth.end(), pair.truth.begin(), pair.truth.end());
  const double one = structural_similarity(pair.image, pair.truth, pair.size);
  CHECK(structural_similarity(twice, truth, ImageSize(2, 20, 24)) == doctest::Approx((one + 1) / 2));
  const std::vector<float> a = {0, 1, 0, 1}, b = {0, 0.5f, 0, 0.5f};
  // Means 1/2 and 1/4, variances 1/4 and 1/16, covariance 1/8.
  const double expected =
      (2 * 0.5 * 0.25 + 1e-4) * (2 * 0.125 + 9e-4) / ((0.25 + 0.0625 + 1e-4) * (0.25 + 0.0625 + 9e-4));
  CHECK(structural_similarity(a, b, ImageSize(2, 2)) == doctest::Approx(expected));
}

}  // namespace tuff
