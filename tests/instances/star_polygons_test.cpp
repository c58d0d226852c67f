#include "instances/star_polygons.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/philox.h"
#include "support/files.h"

namespace tuff {
namespace {

double shoelace(std::span<const PolygonVertex> polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const PolygonVertex a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    twice += static_cast<double>(a.x) * static_cast<double>(b.y) - static_cast<double>(b.x) * static_cast<double>(a.y);
  }
  return std::abs(twice) / 2;
}

// Exact where one of the two is convex (Sutherland and Hodgman 1974): `subject` cut by each edge of `window`.
std::vector<PolygonVertex> clipped(std::vector<PolygonVertex> subject, std::span<const PolygonVertex> window) {
  for (std::size_t i = 0; i < window.size(); ++i) {
    const PolygonVertex a = window[i], b = window[(i + 1) % window.size()];
    const auto side = [&](const PolygonVertex& p) { return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x); };
    std::vector<PolygonVertex> kept;
    for (std::size_t k = 0; k < subject.size(); ++k) {
      const PolygonVertex p = subject[k], q = subject[(k + 1) % subject.size()];
      if (side(p) >= 0) kept.push_back(p);
      if ((side(p) >= 0) == (side(q) >= 0)) continue;
      const float t = side(p) / (side(p) - side(q));
      kept.push_back({p.y + t * (q.y - p.y), p.x + t * (q.x - p.x)});
    }
    subject = std::move(kept);
  }
  return subject;
}

StarPolygon disk(float y, float x, float radius, std::size_t rays = 32) {
  return {1, y, x, std::vector<float>(rays, radius)};
}

// A network's planes with a polygon at each of some pixels.
struct Planes {
  std::int64_t height, width, rays;
  std::vector<float> probability, distances;

  Planes(std::int64_t plane_height, std::int64_t plane_width, std::int64_t plane_rays)
      : height(plane_height),
        width(plane_width),
        rays(plane_rays),
        probability(static_cast<std::size_t>(height * width)),
        distances(static_cast<std::size_t>(height * width * rays)) {}

  void put(std::int64_t y, std::int64_t x, float prob, float radius) {
    probability[static_cast<std::size_t>(y * width + x)] = prob;
    for (std::int64_t k = 0; k < rays; ++k) distances[static_cast<std::size_t>((k * height + y) * width + x)] = radius;
  }
  std::vector<StarPolygon> find(const StarOptions& options = {}) const {
    return find_star_polygons(probability, distances, rays, height, width, options);
  }
};

}  // namespace

TEST_CASE("scan lines measure areas and intersections") {
  PhiloxStream draws(1);
  const auto draw = [&](double low, double high) { return static_cast<float>(draws.uniform(low, high)); };
  double worst = 0;
  for (int round = 0; round < 300; ++round) {
    StarPolygon ragged = disk(draw(20, 30), draw(20, 30), 0);
    const float radius = draw(3, 12);
    for (float& distance : ragged.distances) distance = radius * draw(0.5, 1);
    const std::vector<PolygonVertex> a = vertices(ragged), b = vertices(disk(draw(18, 32), draw(18, 32), draw(3, 12)));
    const ScanLines lines_a(a, {-0.25, 0.5}), lines_b(b, {-0.25, 0.5});
    const double smaller = std::min(shoelace(a), shoelace(b));
    worst = std::max(worst, std::abs(0.5 * lines_a.length() - shoelace(a)) / shoelace(a));
    const double common = shoelace(clipped(a, b));
    CHECK(lines_a.common_length(lines_b) == lines_b.common_length(lines_a));
    worst = std::max(worst, std::abs(0.5 * lines_a.common_length(lines_b) - common) / smaller);
  }
  CHECK(worst < 0.04);
  MESSAGE("largest error of areas and overlaps: " << worst);
}

TEST_CASE("star polygons: vertices follow the rays") {
  StarPolygon polygon{1, 10, 20, {1, 2, 3, 4}};
  const std::vector<PolygonVertex> found = vertices(polygon);
  const double expected[4][2] = {{10, 21}, {12, 20}, {10, 17}, {6, 20}};
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(found[k].y == doctest::Approx(expected[k][0]));
    CHECK(found[k].x == doctest::Approx(expected[k][1]));
  }
}

TEST_CASE("star polygons: the more probable of two that overlap is kept") {
  Planes planes(64, 64, 32);
  planes.put(20, 20, 0.7f, 8);
  planes.put(20, 24, 0.9f, 8);    // overlaps the first by 0.69
  planes.put(20, 37, 0.6f, 8);    // overlaps the second by 0.09
  planes.put(50, 50, 0.5f, 8);    // not above the threshold
  planes.put(5, 60, 0.8f, 0.2f);  // hardly anything, by itself
  const std::vector<StarPolygon> found = planes.find();
  REQUIRE(found.size() == 3);
  CHECK((found[0].y == 20 && found[0].x == 24 && found[0].probability == 0.9f));
  CHECK((found[1].y == 5 && found[1].x == 60));
  CHECK((found[2].y == 20 && found[2].x == 37));
  CHECK(planes.find({.nms_threshold = 0.72f}).size() == 4);
  CHECK(planes.find({.nms_threshold = 0.05f}).size() == 2);
  CHECK(planes.find({.prob_threshold = 0.95f}).empty());
}

TEST_CASE("star polygons: overlap is of the smaller one, so one within another is dropped") {
  Planes planes(64, 64, 32);
  planes.put(30, 30, 0.9f, 25);
  planes.put(40, 30, 0.8f, 3);
  CHECK(planes.find({.nms_threshold = 0.9f}).size() == 1);
}

TEST_CASE("star polygons: of equals the first in the image is kept, and a grid scales centers") {
  Planes planes(16, 16, 16);
  for (std::int64_t y = 4; y < 8; ++y)
    for (std::int64_t x = 4; x < 8; ++x) planes.put(y, x, 0.75f, 20);
  const std::vector<StarPolygon> found = planes.find({.grid = 4});
  REQUIRE(found.size() == 1);
  CHECK((found[0].y == 16 && found[0].x == 16));
  CHECK(found[0].distances == std::vector<float>(16, 20.0f));
}

TEST_CASE("star polygons: what no network should say does no harm") {
  Planes planes(24, 24, 8);
  planes.put(4, 4, 0.9f, -5);
  planes.put(4, 12, 0.8f, std::numeric_limits<float>::quiet_NaN());
  planes.put(12, 12, std::numeric_limits<float>::quiet_NaN(), 4);
  planes.put(20, 20, 0.7f, std::numeric_limits<float>::infinity());
  const std::vector<StarPolygon> found = planes.find();
  REQUIRE(found.size() == 3);
  CHECK(found[0].distances[0] == 0.001f);
  CHECK(found[1].distances[0] == 0.001f);
  CHECK(found[2].distances[0] == 96.0f);
  const Labels labels = labels_from_polygons(found, 24, 24);
  CHECK(std::ranges::count(labels.ids, 3) >= 24 * 24 - 2);  // but for what lies on top
  CHECK(test::error_of([&] { find_star_polygons(planes.probability, planes.distances, 7, 24, 24); }) ==
        "find_star_polygons: 576 probabilities and 4608 distances don't fit 24 x 24 pixels and 7 rays (at least 3)");
}

TEST_CASE("star polygons become pixels whose centers they hold, the first on top") {
  const std::vector<StarPolygon> polygons = {disk(10, 10, 5), disk(10, 16, 5), disk(2, 30, 6)};
  const Labels labels = labels_from_polygons(polygons, 24, 32);
  const auto in_disk = [&](const StarPolygon& polygon, std::int64_t y, std::int64_t x) {
    return std::hypot(static_cast<double>(y) - polygon.y, static_cast<double>(x) - polygon.x) - polygon.distances[0];
  };
  for (std::int64_t y = 0; y < 24; ++y)
    for (std::int64_t x = 0; x < 32; ++x) {
      std::int32_t expected = 0;
      bool clear = true;  // a polygon of 32 corners lies at most 0.03 within its circle
      for (std::size_t i = 3; i-- > 0;) {
        const double beyond = in_disk(polygons[i], y, x);
        if (beyond < 0) expected = static_cast<std::int32_t>(i + 1);
        clear = clear && (beyond < -0.05 || beyond > 0.05);
      }
      if (clear) CHECK(labels.ids[static_cast<std::size_t>(y * 32 + x)] == expected);
    }
}

}  // namespace tuff
