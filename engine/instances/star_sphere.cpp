// The faces of star-convex polyhedra.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "instances/star_polyhedra.h"

namespace tuff {
namespace {

using Face = std::array<std::uint32_t, 3>;

// Six times the volume of a face and a point: above 0 where the face turns counterclockwise seen from the point's side.
double volume_above(const std::vector<StarRay>& points, const Face& face, std::uint32_t point) {
  const auto edge = [&](std::uint32_t to) -> std::array<double, 3> {
    const StarRay &from = points[face[0]], &end = points[to];
    return {static_cast<double>(end.x) - static_cast<double>(from.x),
            static_cast<double>(end.y) - static_cast<double>(from.y),
            static_cast<double>(end.z) - static_cast<double>(from.z)};
  };
  const std::array<double, 3> a = edge(face[1]), b = edge(face[2]), c = edge(point);
  return (a[1] * b[2] - a[2] * b[1]) * c[0] + (a[2] * b[0] - a[0] * b[2]) * c[1] + (a[0] * b[1] - a[1] * b[0]) * c[2];
}

// Four points that span a volume, as the faces of a tetrahedron that all turn one way.
std::vector<Face> first_faces(const std::vector<StarRay>& points, std::array<std::uint32_t, 4>& used) {
  const auto flat = [&](std::uint32_t third, std::uint32_t fourth) {
    return std::abs(volume_above(points, {0, 1, third}, fourth)) < 1e-6;
  };
  std::uint32_t third = 2, fourth = 3;
  while (flat(third, fourth) && fourth + 1 < points.size()) ++fourth;
  used = {0, 1, third, fourth};
  if (volume_above(points, {0, 1, third}, fourth) > 0) std::swap(used[0], used[1]);
  return {{used[0], used[1], used[2]},
          {used[0], used[3], used[1]},
          {used[1], used[3], used[2]},
          {used[2], used[3], used[0]}};
}

// Points on a sphere are all corners of their hull. It grows by one at a time: the faces that see the point go, and
// their outline is joined with it.
std::vector<Face> convex_hull(const std::vector<StarRay>& points) {
  std::array<std::uint32_t, 4> used{};
  std::vector<Face> faces = first_faces(points, used);
  for (std::uint32_t point = 0; point < points.size(); ++point) {
    if (std::ranges::find(used, point) != used.end()) continue;
    std::vector<Face> kept;
    std::set<std::pair<std::uint32_t, std::uint32_t>> edges;
    for (const Face& face : faces) {
      if (volume_above(points, face, point) <= 1e-12) {
        kept.push_back(face);
        continue;
      }
      for (std::size_t i = 0; i < 3; ++i) {
        const std::uint32_t from = face[i], to = face[(i + 1) % 3];
        if (edges.erase({to, from}) == 0) edges.insert({from, to});
      }
    }
    for (const auto& [from, to] : edges) kept.push_back({from, to, point});
    faces = std::move(kept);
  }
  return faces;
}

}  // namespace

StarSphere star_sphere(std::int64_t rays, double anisotropy) {
  return {star_rays_3d(rays, anisotropy), convex_hull(star_rays_3d(rays))};
}

}  // namespace tuff
