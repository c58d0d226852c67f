// Einsum for GPUs: tiles of both matrices in shared memory, kDepth terms at a time. A workgroup of 128 computes 64 rows x
// 64 columns (of one batch and part), an invocation 8 x 4 of them, 8 and 16 apart, so that neighbours read neighbouring
// words of shared memory. 8.1 KiB of shared memory: fits the smallest device.
//
// kLeftAlongDepth and kRightAlongDepth: neighbours load neighbouring terms, else neighbouring rows and columns.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "einsum/geometry.glsl"

layout(constant_id = 3) const bool kLeftAlongDepth = true;
layout(constant_id = 4) const bool kRightAlongDepth = false;
layout(push_constant) uniform Push {
  StoredIn left;
  StoredIn right;
  StoredOut y;
  EINSUM_GEOMETRY
};

const uint kTile = 64;
const uint kDepth = 16;
const uint kStride = kTile + 1;  // odd: a column of shared memory touches every bank
shared float left_tile[kDepth * kStride];
shared float right_tile[kDepth * kStride];

// Load `i` of 8 of this invocation: (row or column of the tile, term).
uvec2 loaded_place(uint lane, uint i, bool along_depth) {
  return along_depth ? uvec2(lane / kDepth + 8 * i, lane % kDepth) : uvec2(lane % kTile, lane / kTile + 2 * i);
}

void main() {
  const uint lane = gl_LocalInvocationID.x;
  const uint column_tiles = (columns + kTile - 1) / kTile, row_tiles = (rows + kTile - 1) / kTile;
  const uint group = linear_group();
  const uint matrices = group / column_tiles / row_tiles;
  const uint part = matrices / batches;
  if (part >= parts) return;  // all of the group
  const uint first_column = group % column_tiles * kTile, first_row = group / column_tiles % row_tiles * kTile;
  const Batch batch = EINSUM_BATCH(matrices % batches);
  const uint end = min(terms, (part + 1) * steps);

  float sum[8][4];
  for (uint i = 0; i < 8; ++i)
    for (uint j = 0; j < 4; ++j) sum[i][j] = 0.0;

  for (uint start = part * steps; start < end; start += kDepth) {
    for (uint i = 0; i < 8; ++i) {
      const uvec2 at = loaded_place(lane, i, kLeftAlongDepth);
      const uint row = first_row + at.x, k = start + at.y, outer = k / depth0;
      float value = 0.0;
      if (k < end && row < rows)
        value = LOADED(left.at[batch.left + row * left_row + outer * left_depth[1] + (k - outer * depth0) * left_depth[0]]);
      left_tile[at.y * kStride + at.x] = value;
    }
    for (uint i = 0; i < 8; ++i) {
      const uvec2 at = loaded_place(lane, i, kRightAlongDepth);
      const uint column = first_column + at.x, k = start + at.y, outer = k / depth0;
      float value = 0.0;
      if (k < end && column < columns)
        value = LOADED(right.at[batch.right + column * right_column + outer * right_depth[1] + (k - outer * depth0) * right_depth[0]]);
      right_tile[at.y * kStride + at.x] = value;
    }
    barrier();
    for (uint d = 0; d < kDepth; ++d) {
      float l[8], r[4];
      for (uint i = 0; i < 8; ++i) l[i] = left_tile[d * kStride + lane / 16 + 8 * i];
      for (uint j = 0; j < 4; ++j) r[j] = right_tile[d * kStride + lane % 16 + 16 * j];
      for (uint i = 0; i < 8; ++i)
        for (uint j = 0; j < 4; ++j) sum[i][j] = fma(l[i], r[j], sum[i][j]);
    }
    barrier();
  }

  const uint base = part * rows * columns * batches + batch.y;
  for (uint j = 0; j < 4; ++j) {
    const uint column = first_column + lane % 16 + 16 * j;
    if (column >= columns) continue;
    for (uint i = 0; i < 8; ++i) {
      const uint row = first_row + lane / 16 + 8 * i;
      if (row < rows) y.at[base + row * y_row + column * y_column] = STORED(sum[i][j]);
    }
  }
}
