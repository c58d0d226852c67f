#include "instances/star_polyhedra.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "instances/scan_lines.h"
#include "instances/suppression.h"

namespace tuff {
namespace {

std::vector<StarRay> corners(const StarPolyhedron& polyhedron, const StarSphere& sphere) {
  std::vector<StarRay> result;
  result.reserve(sphere.rays.size());
  for (std::size_t k = 0; k < sphere.rays.size(); ++k) {
    const float distance = polyhedron.distances[k];
    const auto& [z, y, x] = sphere.rays[k];
    result.push_back({polyhedron.z + distance * z, polyhedron.y + distance * y, polyhedron.x + distance * x});
  }
  return result;
}

Box box_around(std::span<const StarRay> points) {
  const auto [front, back] = std::ranges::minmax(points, {}, &StarRay::z);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &StarRay::y);
  const auto [left, right] = std::ranges::minmax(points, {}, &StarRay::x);
  return {front.z, back.z, top.y, bottom.y, left.x, right.x};
}

// Slices number `from` up to before `to`.
std::pair<std::int64_t, std::int64_t> slices_between(float from, float to) {
  return {static_cast<std::int64_t>(std::ceil(from)), static_cast<std::int64_t>(std::ceil(to))};
}

// Cross-sections at whole z. Neighbouring faces share the corners of theirs to the last bit, so outlines close.
class Sections {
 public:
  Sections(std::span<const StarRay> points, const StarSphere& sphere, const Box& box) {
    const auto [first, end] = slices_between(box.front, box.back);
    first_ = first;
    std::vector<std::vector<LineSegment>> outlines(static_cast<std::size_t>(std::max<std::int64_t>(end - first, 0)));
    for (const auto& face : sphere.faces) {
      std::array<StarRay, 3> corner{points[face[0]], points[face[1]], points[face[2]]};
      std::ranges::sort(corner, {}, &StarRay::z);
      const auto [from, to] = slices_between(corner[0].z, corner[2].z);
      const std::int64_t bend = slices_between(corner[0].z, corner[1].z).second;
      for (std::int64_t z = from; z < to; ++z) {
        const PolygonVertex side = z < bend ? cut(corner[0], corner[1], z) : cut(corner[1], corner[2], z);
        outlines[static_cast<std::size_t>(z - first)].push_back({cut(corner[0], corner[2], z), side});
      }
    }
    for (const std::vector<LineSegment>& outline : outlines) slices_.emplace_back(outline, LineGrid{});
  }

  double length() const {
    double sum = 0;
    for (const ScanLines& slice : slices_) sum += slice.length();
    return sum;
  }
  double common_length(const Sections& other) const {
    double sum = 0;
    for (std::int64_t z = std::max(first_, other.first_); z < std::min(end(), other.end()); ++z)
      sum += at(z).common_length(other.at(z));
    return sum;
  }
  void fill(Labels& labels, std::int32_t id) const {
    const std::int64_t plane = labels.height * labels.width;
    for (std::int64_t z = std::max<std::int64_t>(first_, 0); z < std::min(end(), labels.depth); ++z)
      at(z).fill(std::span(labels.ids).subspan(static_cast<std::size_t>(z * plane)), labels.height, labels.width, id);
  }

 private:
  // Where the edge from a up to b crosses the slice.
  static PolygonVertex cut(const StarRay& a, const StarRay& b, std::int64_t z) {
    const float share = (static_cast<float>(z) - a.z) / (b.z - a.z);
    return {a.y + share * (b.y - a.y), a.x + share * (b.x - a.x)};
  }
  std::int64_t end() const { return first_ + static_cast<std::int64_t>(slices_.size()); }
  const ScanLines& at(std::int64_t z) const { return slices_[static_cast<std::size_t>(z - first_)]; }

  std::int64_t first_ = 0;
  std::vector<ScanLines> slices_;
};

}  // namespace

std::vector<StarPolyhedron> find_star_polyhedra(std::span<const float> probability, std::span<const float> distances,
                                                const StarSphere& sphere, std::int64_t depth, std::int64_t height,
                                                std::int64_t width, const StarVolumeOptions& options) {
  const std::size_t voxels = probability.size(), rays = sphere.rays.size();
  if (static_cast<std::int64_t>(voxels) != depth * height * width || distances.size() != voxels * rays)
    throw Error(
        fmt::format("find_star_polyhedra: {} probabilities and {} distances don't fit {} x {} x {} voxels and "
                    "{} rays",
                    voxels, distances.size(), depth, height, width, rays));
  const auto most = static_cast<float>(2 * (depth * options.depth_grid + (height + width) * options.grid));
  KeptShapes<Sections> kept(height * options.grid, width * options.grid);
  std::vector<StarPolyhedron> result;
  for (const std::size_t voxel : candidates_by_probability(probability, options.prob_threshold)) {
    const auto at = static_cast<std::int64_t>(voxel);
    StarPolyhedron polyhedron{probability[voxel], static_cast<float>(at / width / height * options.depth_grid),
                              static_cast<float>(at / width % height * options.grid),
                              static_cast<float>(at % width * options.grid)};
    for (std::size_t k = 0; k < rays; ++k)
      polyhedron.distances.push_back(usable_distance(distances[k * voxels + voxel], most));
    const std::vector<StarRay> points = corners(polyhedron, sphere);
    const Box box = box_around(points);
    if (kept.keep(box, Sections(points, sphere, box), static_cast<double>(options.nms_threshold)))
      result.push_back(std::move(polyhedron));
  }
  return result;
}

Labels labels_from_polyhedra(std::span<const StarPolyhedron> polyhedra, const StarSphere& sphere, std::int64_t depth,
                             std::int64_t height, std::int64_t width) {
  Labels labels(depth, height, width);
  for (std::size_t i = polyhedra.size(); i-- > 0;) {
    const std::vector<StarRay> points = corners(polyhedra[i], sphere);
    Sections(points, sphere, box_around(points)).fill(labels, static_cast<std::int32_t>(i + 1));
  }
  return labels;
}

}  // namespace tuff
