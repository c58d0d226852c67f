// StarDist's target: how far an object reaches from each of its pixels, along rays (Schmidt et al. 2018, "Cell
// Detection with Star-convex Polygons").
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct StarDistancesAttributes {
  std::int64_t rays = 32;
  std::int64_t grid = 1;  // only every grid-th row and column of pixels is answered, the first ones included
  // Of volumes alone:
  std::int64_t depth_grid = 1;  // the same for slices
  double anisotropy = 1;        // the distance of slices over that of rows: rays are spread evenly over what is there
  bool operator==(const StarDistancesAttributes&) const = default;
};

// labels: i32 (N, H, W) or (N, 1, H, W), 0 background, else an object's id. Result: f32 (N, rays, h, w) in pixels, with
// h = (H - 1) / grid + 1 and w alike; 0 at background. Of volumes (N, 1, D, H, W) it is (N, rays, d, h, w).
//
// From the pixel's center a ray goes in steps of length 1 until the nearest pixel has another id or lies outside of the
// image. Of the last step counts what leads to the border halfway between pixels: 0.5 over the largest part of the
// ray's direction. (Halfway between two pixels the step belongs to the one further down or right. StarDist measures so
// in images; in volumes it counts to the center of the first voxel beyond.) No gradient.
Value star_distances(Value labels, const StarDistancesAttributes& attributes = {});

// A ray's direction, of length 1 in pixels.
struct StarRay {
  float z = 0, y = 0, x = 0;
  bool operator==(const StarRay&) const = default;
};

// A polygon has three corners at least, a polyhedron four. `rank`: spatial axes, 2 or 3.
constexpr std::int64_t star_least_rays(int rank) {
  return rank == 3 ? 4 : 3;
}

// Ray k of an image points to the angle 2 pi k / rays: y = sin, x = cos.
std::vector<StarRay> star_rays(std::int64_t rays);

// Of a volume: places on a sphere along a spiral from z = -1 to 1 that turns by the golden angle (StarDist's "golden
// spiral"), with z divided by the anisotropy.
std::vector<StarRay> star_rays_3d(std::int64_t rays, double anisotropy = 1);

std::vector<Kernel> star_distances_kernels();

}  // namespace tuff
