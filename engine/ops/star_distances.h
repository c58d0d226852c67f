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
  bool operator==(const StarDistancesAttributes&) const = default;
};

// labels: i32 (N, H, W) or (N, 1, H, W), 0 background, else an object's id. Result: f32 (N, rays, h, w) in pixels, with
// h = (H - 1) / grid + 1 and w alike; 0 at background.
//
// Ray k points to the angle 2 pi k / rays, y += sin, x += cos. From the pixel's center it goes in steps of length 1
// until the nearest pixel has another id or lies outside of the image. Of the last step counts what leads to the border
// halfway between pixels: 0.5 / max(|sin|, |cos|). (Halfway between two pixels the step belongs to the one further down
// or right.) No gradient.
Value star_distances(Value labels, const StarDistancesAttributes& attributes = {});

// (rays, 3) in row-major order: sin, cos, and what is added to the number of the last step.
std::vector<float> star_rays(std::int64_t rays);

std::vector<Kernel> star_distances_kernels();

}  // namespace tuff
