#include "instances/distance_transform.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/philox.h"

namespace tuff {
namespace {

// Each pixel against each other, and against what lies outside of the image.
std::vector<float> brute_force(const Labels& labels, const VoxelSize& voxel, ImageEdge edge) {
  struct Place {
    std::int64_t z, y, x;
    double squared(const Place& to, const VoxelSize& size) const {
      const double dz = static_cast<double>(z - to.z) * size.depth, dy = static_cast<double>(y - to.y) * size.height,
                   dx = static_cast<double>(x - to.x) * size.width;
      return dz * dz + dy * dy + dx * dx;
    }
  };
  const auto id = [&](const Place& p) {
    const bool inside =
        p.z >= 0 && p.z < labels.depth && p.y >= 0 && p.y < labels.height && p.x >= 0 && p.x < labels.width;
    return inside ? labels.ids[static_cast<std::size_t>((p.z * labels.height + p.y) * labels.width + p.x)] : 0;
  };
  const auto rim = [&](std::int64_t extent) { return edge == ImageEdge::border && extent > 1 ? std::int64_t{1} : 0; };
  const std::int64_t z_rim = rim(labels.depth), y_rim = rim(labels.height), x_rim = rim(labels.width);
  std::vector<float> result;
  for (std::int64_t z = 0; z < labels.depth; ++z)
    for (std::int64_t y = 0; y < labels.height; ++y)
      for (std::int64_t x = 0; x < labels.width; ++x) {
        const Place here{z, y, x};
        double best = std::numeric_limits<double>::infinity();
        for (std::int64_t tz = -z_rim; tz < labels.depth + z_rim; ++tz)
          for (std::int64_t ty = -y_rim; ty < labels.height + y_rim; ++ty)
            for (std::int64_t tx = -x_rim; tx < labels.width + x_rim; ++tx)
              if (const Place there{tz, ty, tx}; id(there) != id(here))
                best = std::min(best, here.squared(there, voxel));
        result.push_back(id(here) == 0 ? 0 : static_cast<float>(std::sqrt(best)));
      }
  return result;
}

// Blocks and single pixels of ids 0 to 3.
Labels random_labels(std::int64_t depth, std::int64_t height, std::int64_t width, std::uint64_t seed) {
  Labels labels(depth, height, width);
  PhiloxStream draws(seed);
  std::int32_t id = 1;
  for (std::int32_t& value : labels.ids) {
    if (draws.below(10) == 0) id = static_cast<std::int32_t>(draws.below(4));
    value = id;
  }
  return labels;
}

void check_against_brute_force(const Labels& labels, const VoxelSize& voxel) {
  for (const ImageEdge edge : {ImageEdge::open, ImageEdge::border}) {
    const std::vector<float> expected = brute_force(labels, voxel, edge),
                             actual = distance_transform(labels, voxel, edge);
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK((actual[i] == expected[i] || std::abs(actual[i] - expected[i]) < 1e-5f * expected[i]));
  }
}

}  // namespace

TEST_CASE("distance transform equals the nearest of all pixels, in two and three dimensions") {
  std::uint64_t seed = 0;
  for (const auto& [depth, height, width] : {std::array<std::int64_t, 3>{1, 13, 17},
                                             {1, 1, 40},
                                             {1, 40, 1},
                                             {6, 9, 7},
                                             {5, 1, 8},
                                             {1, 24, 24},
                                             {1, 1, 1},
                                             {7, 5, 1}}) {
    const Labels labels = random_labels(depth, height, width, ++seed);
    check_against_brute_force(labels, {});
    check_against_brute_force(labels, {.depth = 2.5, .height = 1, .width = 0.4});
  }
  Labels full(1, 5, 6);
  std::ranges::fill(full.ids, 7);
  check_against_brute_force(full, {});
}

TEST_CASE("distance transform refuses voxels without extent") {
  CHECK_THROWS_WITH_AS(distance_transform(Labels(1, 2, 2), {.depth = 0}),
                       "distance_transform: a voxel's extents must be above 0", Error);
}

TEST_CASE("edt_prob is 1 in the middle of each object, also of one cut by the edge or filling the image") {
  Labels labels(1, 7, 12);
  for (std::int64_t y = 1; y < 6; ++y)
    for (std::int64_t x = 1; x < 12; ++x) labels.ids[static_cast<std::size_t>(y * 12 + x)] = x < 6 ? 4 : 9;
  const std::vector<float> prob = edt_prob(labels);
  CHECK(prob[3 * 12 + 3] == 1.0f);                      // of a 5x5 square
  CHECK(prob[3 * 12 + 5] == doctest::Approx(1.0 / 3));  // where it touches the other
  CHECK(prob[0] == 0.0f);
  CHECK(prob[3 * 12 + 11] == 1.0f);  // the other goes on beyond the edge
  CHECK(prob[1 * 12 + 11] == doctest::Approx(1.0 / 3));

  Labels full(1, 5, 5);
  std::ranges::fill(full.ids, 2);
  const std::vector<float> filled = edt_prob(full);
  CHECK(filled[12] == 1.0f);
  CHECK(filled[0] == doctest::Approx(1.0 / 3));
  Labels one(1, 1, 1);
  one.ids = {1};
  CHECK(edt_prob(one) == std::vector<float>{1.0f});
}

}  // namespace tuff
