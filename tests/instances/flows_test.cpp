#include "instances/flows.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "cases/follow_flows_cases.h"
#include "support/files.h"

namespace tuff {
namespace {

void draw_disk(Labels& labels, double y, double x, double radius, std::int32_t id) {
  for (std::int64_t row = 0; row < labels.height; ++row)
    for (std::int64_t column = 0; column < labels.width; ++column)
      if (std::hypot(static_cast<double>(row) - y, static_cast<double>(column) - x) <= radius)
        labels.ids[static_cast<std::size_t>(row * labels.width + column)] = id;
}

// Two that touch, one cut by the edge, one by itself.
Labels disks() {
  Labels labels(1, 48, 64);
  draw_disk(labels, 14, 14, 9, 1);
  draw_disk(labels, 16, 31, 8, 2);
  draw_disk(labels, 46, 50, 12, 3);
  draw_disk(labels, 38, 12, 5, 4);
  return labels;
}

std::vector<float> foreground_of(const Labels& labels) {
  std::vector<float> result;
  for (const std::int32_t id : labels.ids) result.push_back(id == 0 ? 0.0f : 1.0f);
  return result;
}

std::vector<float> followed(const std::vector<float>& flows, const Labels& labels, std::int64_t steps = 200) {
  test::Array array(Shape{1, 2, labels.height, labels.width});
  std::ranges::copy(flows, array.data.begin());
  const test::Array ends = test::follow_flows_reference(array, steps);
  return {ends.data.begin(), ends.data.end()};
}

}  // namespace

TEST_CASE("flows point to the middle, with length 1 in objects and 0 outside") {
  const Labels labels = disks();
  const std::vector<float> flows = flows_from_labels(labels);
  const std::size_t plane = labels.ids.size();
  REQUIRE(flows.size() == 2 * plane);
  const double centers[4][2] = {{14, 14}, {16, 31}, {42, 50}, {38, 12}};
  for (std::size_t i = 0; i < plane; ++i) {
    const double dy = flows[i], dx = flows[plane + i], length = std::hypot(dy, dx);
    if (labels.ids[i] == 0) {
      CHECK(length == 0);
      continue;
    }
    const auto [center_y, center_x] = centers[labels.ids[i] - 1];
    const double y = center_y - static_cast<double>(i / 64), x = center_x - static_cast<double>(i % 64);
    if (std::hypot(y, x) < 3) continue;
    CHECK(length == doctest::Approx(1).epsilon(1e-6));
    CHECK((dy * y + dx * x) / std::hypot(y, x) > 0.75);
  }
}

TEST_CASE("flows of an object are the same wherever it lies and whatever is beside it") {
  Labels alone(1, 48, 64), moved(1, 60, 50);
  draw_disk(alone, 14, 14, 9, 77);
  draw_disk(moved, 20, 17, 9, 1);
  draw_disk(moved, 55, 40, 15, 5);
  const std::vector<float> a = flows_from_labels(alone), b = flows_from_labels(moved);
  for (std::int64_t y = 4; y < 25; ++y)
    for (std::int64_t x = 4; x < 25; ++x) {
      CHECK(a[static_cast<std::size_t>(y * 64 + x)] == b[static_cast<std::size_t>((y + 6) * 50 + x + 3)]);
      CHECK(a[static_cast<std::size_t>(48 * 64 + y * 64 + x)] ==
            b[static_cast<std::size_t>(60 * 50 + (y + 6) * 50 + x + 3)]);
    }
  CHECK_THROWS_AS(flows_from_labels(Labels(2, 4, 4)), Error);
}

TEST_CASE("flows lead back to their objects") {
  const Labels labels = disks();
  const std::vector<float> flows = flows_from_labels(labels), ends = followed(flows, labels);
  const Labels found = labels_from_flows(flows, ends, foreground_of(labels), labels.height, labels.width);
  Labels expected = labels;
  renumber(expected);
  std::size_t differing = 0;
  for (std::size_t i = 0; i < found.ids.size(); ++i) differing += found.ids[i] != expected.ids[i];
  CHECK(differing < 5);
  CHECK(labels_from_flows(flows, ends, foreground_of(labels), labels.height, labels.width) == found);
}

TEST_CASE("flows: seeds need more than ten pixels, and objects above a share of the image are dropped") {
  // Everything ended at (2, 2), all but ten at (8, 8).
  const std::int64_t size = 12;
  std::vector<float> positions(2 * 144, 2.0f), foreground(144, 1.0f);
  std::fill_n(foreground.begin() + 60, 84, 0.0f);
  for (std::size_t i = 0; i < 10; ++i) positions[i] = positions[144 + i] = 8.7f;
  Labels found = labels_from_positions(positions, foreground, size, size);
  CHECK(std::ranges::count(found.ids, 1) == 50);
  CHECK(std::ranges::count(found.ids, 0) == 94);
  positions[10] = positions[154] = 8.2f;
  found = labels_from_positions(positions, foreground, size, size);
  CHECK(std::ranges::count(found.ids, 1) == 11);
  CHECK(std::ranges::count(found.ids, 2) == 49);
  found = labels_from_positions(positions, foreground, size, size, {.largest = 0.3});
  CHECK(std::ranges::count(found.ids, 1) == 11);
  CHECK(std::ranges::count(found.ids, 2) == 0);
}

TEST_CASE("flows: an object takes in what touches its seed, five pixels far") {
  // 20 pixels ended at (3, 3), three each along the row to (3, 12).
  const std::int64_t height = 8, width = 16;
  std::vector<float> positions(2 * 128), foreground(128, 0.0f);
  std::size_t used = 0;
  const auto end_at = [&](float y, float x, int count) {
    for (int i = 0; i < count; ++i, ++used) {
      positions[used] = y;
      positions[128 + used] = x;
      foreground[used] = 1;
    }
  };
  end_at(3, 3, 20);
  for (int x = 4; x <= 12; ++x) end_at(3, static_cast<float>(x), 3);
  end_at(4, 3, 2);  // two are too few
  const Labels found = labels_from_positions(positions, foreground, height, width);
  CHECK(std::ranges::count(found.ids, 1) == 20 + 5 * 3);
}

TEST_CASE("flows that contradict an object drop it") {
  Labels labels = disks();
  std::vector<float> flows = flows_from_labels(labels);
  const std::size_t plane = labels.ids.size();
  for (std::size_t i = 0; i < plane; ++i)
    if (labels.ids[i] == 2) std::swap(flows[i], flows[plane + i]);
  drop_bad_flows(labels, flows, 0.4);
  CHECK(std::set<std::int32_t>(labels.ids.begin(), labels.ids.end()) == std::set<std::int32_t>{0, 1, 3, 4});
}

TEST_CASE("flows: holes are filled, small objects dropped, ids follow first pixels") {
  const std::vector<std::string> before = {
      "7777.....55", "7..7..99.55", "7.77..99...", "7777.......", "...77777...", "...7...7..3", "...77777...",
  };
  Labels labels(1, 7, 11);
  for (std::size_t i = 0; i < labels.ids.size(); ++i) {
    const char mark = before[i / 11][i % 11];
    labels.ids[i] = mark == '.' ? 0 : mark - '0';
  }
  fill_and_drop_small(labels, 4);
  const std::vector<std::string> after = {
      "1111.....22", "1111..33.22", "1111..33...", "1111.......", "...11111...", "...11111...", "...11111...",
  };
  for (std::size_t i = 0; i < labels.ids.size(); ++i) {
    const char mark = after[i / 11][i % 11];
    CHECK(labels.ids[i] == (mark == '.' ? 0 : mark - '0'));
  }
  Labels none(1, 3, 3);
  fill_and_drop_small(none);
  CHECK(none == Labels(1, 3, 3));
}

TEST_CASE("flows: planes of other sizes are refused") {
  const std::vector<float> planes(32), foreground(16);
  CHECK(test::error_of([&] { labels_from_positions(planes, foreground, 4, 5); }) ==
        "labels_from_flows: positions have 32 values, must be 2 planes of 4 x 5");
  CHECK(test::contains(test::error_of([&] { labels_from_flows(foreground, planes, foreground, 4, 4); }),
                       "flows have 16"));
}

}  // namespace tuff
