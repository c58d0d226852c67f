// Einsum on any device: one invocation an element of the result (and part), neighbours along the columns.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "einsum/geometry.glsl"

layout(push_constant) uniform Push {
  StoredIn left;
  StoredIn right;
  StoredOut y;
  EINSUM_GEOMETRY
};

void main() {
  const uint index = linear_invocation();
  const uint elements = rows * columns * batches;
  if (index >= elements * parts) return;
  const uint lines = divide(index, columns);
  const uint matrices = divide(lines, rows);
  const uint part = divide(matrices, batches);
  const uint row = lines - matrices * rows, column = index - lines * columns;
  const Batch batch = EINSUM_BATCH(matrices - part * batches);
  const uint left_at = batch.left + row * left_row, right_at = batch.right + column * right_column;
  const uint end = min(terms, (part + 1) * steps);
  float sum = 0.0;
  for (uint first = part * steps; first < end;) {  // runs of one outer depth
    const uint outer = divide(first, depth0);
    const uint inner = first - outer * depth0;
    const uint run = min(depth0 - inner, end - first);
    uint l = left_at + outer * left_depth[1] + inner * left_depth[0];
    uint r = right_at + outer * right_depth[1] + inner * right_depth[0];
    for (uint k = 0; k < run; ++k) {
      sum = fma(LOADED(left.at[l]), LOADED(right.at[r]), sum);
      l += left_depth[0];
      r += right_depth[0];
    }
    first += run;
  }
  y.at[part * elements + batch.y + row * y_row + column * y_column] = STORED(sum);
}
