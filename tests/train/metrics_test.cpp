#include "train/metrics.h"

#include <doctest/doctest.h>

using namespace tuff;

namespace {

using Ids = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("metrics: a worked binary example") {
  const Scores scores = score(Ids{1, 1, 1, 0, 0, 0, 0, 0}, Ids{1, 1, 0, 1, 0, 0, 0, 0}, 1);
  CHECK(scores.dice == doctest::Approx(2.0 * 2 / (3 + 3)));
  CHECK(scores.iou == doctest::Approx(2.0 / 4));
  CHECK(scores.pixel_accuracy == doctest::Approx(6.0 / 8));
}

TEST_CASE("metrics: both empty is perfect, one empty is zero") {
  CHECK(score(Ids{0, 0}, Ids{0, 0}, 1).dice == 1);
  CHECK(score(Ids{0, 0}, Ids{0, 0}, 1).iou == 1);
  CHECK(score(Ids{0, 1}, Ids{0, 0}, 1).dice == 0);
  CHECK(score(Ids{0, 0}, Ids{1, 0}, 1).iou == 0);
}

TEST_CASE("metrics: classes are averaged without the background") {
  const Scores scores = score(Ids{0, 1, 1, 2}, Ids{0, 1, 2, 2}, 3);
  CHECK(scores.dice == doctest::Approx((2.0 / 3 + 2.0 / 3) / 2));
  CHECK(scores.iou == doctest::Approx((1.0 / 2 + 1.0 / 2) / 2));
  CHECK(scores.pixel_accuracy == doctest::Approx(0.75));
}

TEST_CASE("metrics: means over images") {
  const std::vector<Scores> two = {{1, 1, 1}, {0, 0, 0.5}};
  CHECK(mean(two).dice == 0.5);
  CHECK(mean(two).pixel_accuracy == 0.75);
}

TEST_CASE("metrics: class ids from logits") {
  CHECK(classify(std::vector<float>{-1, 0, 2}, 1) == Ids{0, 1, 1});
  CHECK(classify(std::vector<float>{0, 5, 1, 1, 0, 9}, 3) == Ids{1, 2});
  CHECK(classify(std::vector<float>{3, 3}, 2) == Ids{0});
}

TEST_CASE("metrics: probabilities are stable for large logits and sum to one") {
  const std::vector<float> one = probabilities(std::vector<float>{0, -200, 200}, 1);
  CHECK(one[0] == 0.5f);
  CHECK(one[1] >= 0);
  CHECK(one[1] < 1e-30f);
  CHECK(one[2] == 1);
  const std::vector<float> three = probabilities(std::vector<float>{1000, 1000, 0}, 3);
  CHECK(three[0] == doctest::Approx(0.5));
  CHECK(three[2] == 0);
}
