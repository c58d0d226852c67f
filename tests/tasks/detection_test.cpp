#include "tasks/detection.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace tuff;

TEST_CASE("detection: intersection over union by hand") {
  CHECK(intersection_over_union({0, 0, 4, 4}, {2, 2, 4, 4}) == doctest::Approx(4.0 / 28));
  CHECK(intersection_over_union({0, 0, 4, 4}, {0, 0, 4, 4}) == 1);
  CHECK(intersection_over_union({0, 0, 4, 4}, {4, 0, 4, 4}) == 0);
  CHECK(intersection_over_union({0, 0, 4, 4}, {9, 9, 1, 1}) == 0);
}

TEST_CASE("detection: of boxes of a class that overlap the most probable stays") {
  const std::vector<Detection> kept = suppress({{.box = {0, 0, 10, 10}, .label = 1, .score = 0.6},
                                                {.box = {1, 0, 10, 10}, .label = 1, .score = 0.9},
                                                {.box = {1, 0, 10, 10}, .label = 2, .score = 0.5},
                                                {.box = {8, 0, 10, 10}, .label = 1, .score = 0.7}},
                                               0.3);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].score == 0.9);
  CHECK(kept[1].score == 0.7);
  CHECK(kept[2].label == 2);
}

TEST_CASE("detection: windows at scales and aspects, in the image's own pixels") {
  // "Probable" is what is as bright as 1 and lies within a resized object of 4x4 pixels: all pixels of it.
  const auto brightness = [](const Image& image) {
    Image map(2, image.height, image.width);
    for (std::int64_t y = 2; y + 2 <= image.height; ++y)
      for (std::int64_t x = 2; x + 2 <= image.width; ++x) {
        float sum = 0;
        for (std::int64_t dy = -2; dy < 2; ++dy)
          for (std::int64_t dx = -2; dx < 2; ++dx)
            sum += image.values[static_cast<std::size_t>((y + dy) * image.width + x + dx)];
        map.channel(1)[static_cast<std::size_t>(y * image.width + x)] = sum / 16;
      }
    return map;
  };
  Image image(1, 64, 64);
  const auto draw = [&](std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
    for (std::int64_t y = top; y < top + height; ++y)
      for (std::int64_t x = left; x < left + width; ++x) image.values[static_cast<std::size_t>(y * 64 + x)] = 1;
  };
  draw(40, 8, 8, 32);
  const std::vector<Detection> found =
      detect(image, {.probabilities = brightness}, {.side = 4, .scales = {4}, .aspects = {1, 4}, .threshold = 0.8});
  REQUIRE(!found.empty());
  CHECK(found[0].label == 1);
  CHECK(found[0].box.height == doctest::Approx(8));
  CHECK(found[0].box.width == doctest::Approx(32));
  CHECK(std::abs(found[0].box.y - 40) <= 2);
  CHECK(std::abs(found[0].box.x - 8) <= 5);
  CHECK(found.size() == 1);

  // A block of two pixels that begins before the image has its middle at its border.
  const WindowMap blocks{.probabilities =
                             [](const Image& of) {
                               Image map(2, of.height, of.width);
                               map.channel(1)[0] = 1;
                               return map;
                             },
                         .stride = 2,
                         .first = -1};
  const std::vector<Detection> corner = detect(image, blocks, {.side = 6});
  REQUIRE(corner.size() == 1);
  CHECK(corner[0].box.y == doctest::Approx(-3));
  CHECK(corner[0].box.x == doctest::Approx(-3));
}

TEST_CASE("detection: average precision by hand") {
  const std::vector<TrueBox> truth = {
      {0, {0, 0, 10, 10}, 3}, {0, {30, 0, 10, 10}, 3}, {1, {0, 0, 10, 10}, 3}, {1, {0, 0, 10, 10}, 4}};
  const auto at = [](std::size_t image, double y, double score) {
    return FoundBox{image, {.box = {y, 0, 10, 10}, .label = 3, .score = score}};
  };
  // Right, again the same, right, nothing there; the third true box isn't found.
  const std::vector<FoundBox> found = {at(0, 30, 0.7), at(0, 1, 0.9), at(0, 0, 0.8), at(1, 20, 0.6)};
  const DetectionScore score = score_detections(truth, found, 3);
  CHECK(score.objects == 3);
  CHECK(score.found == 2);
  CHECK(score.false_positives == 2);
  CHECK(score.average_precision == doctest::Approx((1.0 + 2.0 / 3) / 3));
  CHECK(score_detections(truth, found, 4).average_precision == 0);
  CHECK(score_detections(truth, found, 4).objects == 1);
  const std::vector<FoundBox> all = {at(0, 0, 1), at(0, 30, 1), at(1, 0, 1)};
  CHECK(score_detections(truth, all, 3).average_precision == doctest::Approx(1));
}
