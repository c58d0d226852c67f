// The push constants of the einsum kernels (engine/ops/einsum_plan.h), all in elements, and where a batch begins.
#ifndef TUFF_EINSUM_GEOMETRY_GLSL
#define TUFF_EINSUM_GEOMETRY_GLSL
#include "common/divide.glsl"

// A part sums terms [part * steps, part * steps + steps) of depth0 * depth1; parts of y follow one another.
#define EINSUM_GEOMETRY                                     \
  uint rows;                                                \
  uint columns;                                             \
  uint depth0;                                              \
  uint terms;                                               \
  uint parts;                                               \
  uint steps;                                               \
  uint batch0;                                              \
  uint batch1;                                              \
  uint batches;                                             \
  uint left_row;                                            \
  uint left_depth[2];                                       \
  uint left_batch[3];                                       \
  uint right_column;                                        \
  uint right_depth[2];                                      \
  uint right_batch[3];                                      \
  uint y_row;                                               \
  uint y_column;                                            \
  uint y_batch[3];

struct Batch {
  uint left, right, y;
};

#define EINSUM_BATCH(index) einsum_batch(index, batch0, batch1, left_batch, right_batch, y_batch)

uint batch_offset(uvec3 at, uint strides[3]) { return at.x * strides[0] + at.y * strides[1] + at.z * strides[2]; }

Batch einsum_batch(uint index, uint batch0, uint batch1, uint left[3], uint right[3], uint y[3]) {
  uint outer = divide(index, batch0);
  uint outermost = divide(outer, batch1);
  uvec3 at = uvec3(index - outer * batch0, outer - outermost * batch1, outermost);
  return Batch(batch_offset(at, left), batch_offset(at, right), batch_offset(at, y));
}

#endif
