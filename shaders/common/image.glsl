// The grid of kernels that walk an image row by row (row_groups in engine/ops/spatial.cpp): y and z give the row, x
// walks along it in strides, as a row may hold more than 65535 groups, or one group the whole row.
#ifndef TUFF_IMAGE_GLSL
#define TUFF_IMAGE_GLSL
#include "common/divide.glsl"
#include "common/grid.glsl"

uint row_of_group() { return gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y; }
uint row_start() { return gl_WorkGroupID.x * gl_WorkGroupSize.x + gl_LocalInvocationID.x; }
uint group_start() { return gl_WorkGroupID.x * gl_WorkGroupSize.x; }  // of its first lane
uint row_stride() { return gl_NumWorkGroups.x * gl_WorkGroupSize.x; }

// (sample, depth, height) of a row of (N, D, H).
uvec3 locate_row(uint row, uint depth, uint height) {
  uint planes = divide(row, height);
  uint n = divide(planes, depth);
  return uvec3(n, planes - n * depth, row - planes * height);
}

#endif
