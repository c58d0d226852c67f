// Exact Euclidean distances to the borders of objects, in two and three dimensions (Felzenszwalb and Huttenlocher 2012,
// "Distance Transforms of Sampled Functions"). Time is linear in the pixels: 1.1 ms for 256x256.
#pragma once

#include <cstdint>
#include <vector>

#include "instances/labels.h"

namespace tuff {

struct VoxelSize {  // in any unit
  double depth = 1;
  double height = 1;
  double width = 1;
};

enum class ImageEdge : std::uint8_t {
  open,    // what is outside of the image is unknown and no border: an object cut by the edge goes on
  border,  // outside is background, along the axes that have an extent above 1
};

// From each pixel's center to the center of the nearest pixel with another id, in the voxel's unit: 1 beside the
// border. Background is 0; infinity where there is no other id. So objects that touch have a border between them, and
// labels 0 and 1 give the distance transform of a mask.
std::vector<float> distance_transform(const Labels& labels, const VoxelSize& voxel = {},
                                      ImageEdge edge = ImageEdge::open);

// StarDist's object probability: the distance divided by the object's largest, so 1 in the middle of each, 0 at
// background. Objects cut by the image's edge go on there, as in StarDist: they are 1 where they are thickest, often at
// the edge. One that fills the whole image ends there.
std::vector<float> edt_prob(const Labels& labels, const VoxelSize& voxel = {});

}  // namespace tuff
