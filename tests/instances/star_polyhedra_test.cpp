#include "instances/star_polyhedra.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "support/files.h"

namespace tuff {
namespace {

// A network's volumes with a ball at each of some voxels.
struct Volumes {
  StarSphere sphere;
  std::int64_t depth, height, width;
  std::vector<float> probability, distances;

  Volumes(StarSphere star, std::int64_t d, std::int64_t h, std::int64_t w)
      : sphere(std::move(star)),
        depth(d),
        height(h),
        width(w),
        probability(static_cast<std::size_t>(d * h * w)),
        distances(probability.size() * sphere.rays.size()) {}

  void put(std::int64_t z, std::int64_t y, std::int64_t x, float prob, float radius) {
    const auto voxel = static_cast<std::size_t>((z * height + y) * width + x);
    probability[voxel] = prob;
    for (std::size_t k = 0; k < sphere.rays.size(); ++k) distances[k * probability.size() + voxel] = radius;
  }
  std::vector<StarPolyhedron> find(const StarVolumeOptions& options = {}) const {
    return find_star_polyhedra(probability, distances, sphere, depth, height, width, options);
  }
};

// Voxels of one id and how far the farthest lies from a place.
struct Extent {
  std::int64_t voxels = 0;
  double farthest = 0;
};
Extent extent_of(const Labels& labels, std::int32_t id, double z, double y, double x) {
  Extent result;
  for (std::int64_t i = 0; i < labels.pixels(); ++i) {
    if (labels.ids[static_cast<std::size_t>(i)] != id) continue;
    ++result.voxels;
    const double dz = static_cast<double>(i / labels.width / labels.height) - z;
    const double dy = static_cast<double>(i / labels.width % labels.height) - y;
    const double dx = static_cast<double>(i % labels.width) - x;
    result.farthest = std::max(result.farthest, std::sqrt(dz * dz + dy * dy + dx * dx));
  }
  return result;
}

}  // namespace

TEST_CASE("star sphere: faces close it, turn outward, and hold all rays") {
  for (const std::int64_t rays : {5, 6, 32, 96, 187}) {
    const StarSphere sphere = star_sphere(rays, 2.0);
    CHECK(static_cast<std::int64_t>(sphere.faces.size()) == 2 * rays - 4);
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> edges;
    for (const auto& face : sphere.faces)
      for (std::size_t i = 0; i < 3; ++i) ++edges[{face[i], face[(i + 1) % 3]}];
    CHECK(static_cast<std::int64_t>(edges.size()) == 6 * rays - 12);
    for (const auto& [edge, count] : edges) CHECK((count == 1 && edges.contains({edge.second, edge.first})));
    for (const auto& [z, y, x] : sphere.rays)
      CHECK(std::hypot(static_cast<double>(z), static_cast<double>(y), static_cast<double>(x)) == doctest::Approx(1));
  }
}

TEST_CASE("star polyhedra become the voxels that they hold, also cut by the edge") {
  Volumes volumes(star_sphere(96), 32, 40, 40);
  volumes.put(16, 18, 19, 0.9f, 10);
  volumes.put(0, 39, 0, 0.8f, 7);
  const Labels labels = labels_from_polyhedra(volumes.find(), volumes.sphere, 32, 40, 40);
  const Extent whole = extent_of(labels, 1, 16, 18, 19), eighth = extent_of(labels, 2, 0, 39, 0);
  const double ball = 4 * std::numbers::pi / 3;
  CHECK(whole.farthest <= 10);
  CHECK((static_cast<double>(whole.voxels) > 0.92 * ball * 1000 && static_cast<double>(whole.voxels) < ball * 1000));
  CHECK(eighth.farthest <= 7);
  CHECK(static_cast<double>(eighth.voxels) == doctest::Approx(ball * 343 / 8).epsilon(0.3));
}

TEST_CASE("star polyhedra: thick slices shorten rays along z, distances stay in voxels") {
  const StarSphere sphere = star_sphere(64, 4.0);
  CHECK(sphere.rays.front().z == -1);
  const auto across = [](const StarRay& ray) { return std::abs(ray.z) < 0.5f; };
  CHECK(std::ranges::count_if(sphere.rays, across) > 48);  // evenly spread it would be half of them
  Volumes volumes(sphere, 24, 24, 24);
  volumes.put(12, 12, 12, 0.9f, 8);
  const Extent ball = extent_of(labels_from_polyhedra(volumes.find(), sphere, 24, 24, 24), 1, 12, 12, 12);
  CHECK((ball.farthest <= 8 && ball.farthest > 7.4));
}

TEST_CASE("star polyhedra: the more probable of two that overlap is kept") {
  Volumes volumes(star_sphere(32), 24, 48, 48);
  volumes.put(12, 12, 12, 0.7f, 8);
  volumes.put(14, 12, 14, 0.9f, 8);
  volumes.put(12, 12, 29, 0.6f, 8);  // touches the second
  volumes.put(14, 13, 14, 0.8f, 2);  // lies in the second
  volumes.put(2, 44, 44, 0.5f, 8);   // not above the threshold
  const std::vector<StarPolyhedron> found = volumes.find();
  REQUIRE(found.size() == 2);
  CHECK((found[0].z == 14 && found[0].y == 12 && found[0].x == 14 && found[0].probability == 0.9f));
  CHECK((found[1].z == 12 && found[1].x == 29));
  CHECK(volumes.find({.nms_threshold = 1}).size() == 4);
  const std::vector<StarPolyhedron> scaled = volumes.find({.depth_grid = 2, .grid = 4});
  CHECK((scaled[0].z == 28 && scaled[0].y == 48 && scaled[0].x == 56));
}

TEST_CASE("star polyhedra: volumes of other sizes are refused") {
  const Volumes volumes(star_sphere(8), 4, 4, 4);
  CHECK(test::error_of([&] { find_star_polyhedra(volumes.probability, volumes.distances, volumes.sphere, 4, 4, 5); }) ==
        "find_star_polyhedra: 64 probabilities and 512 distances don't fit 4 x 4 x 5 voxels and 8 rays");
}

}  // namespace tuff
