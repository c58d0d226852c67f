// The transformed upstream of a Winograd weight gradient (conv/winograd.glsl): tiles (positions, tiles, O), A y A^T of
// each 2x2 or 4x4 pixels of upstream (N, H, W, O), 0 beyond it. A workgroup is one subgroup and walks a row of tiles.
// Groups take the next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/lanes.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const bool kShared = false;  // loads, see load_lanes
layout(push_constant) uniform Push {
  uint64_t upstream;
  uint64_t tiles;
  uint first_row;
  uint rows;
  uint out_h;
  uint out_w;
  uint tile_rows;  // of an image
  uint tile_columns;
  uint channels;
  uint room;  // tiles that there is room for
};

#ifdef HALF_IN
const uint kStoredBytes = 2;
#else
const uint kStoredBytes = 4;
#endif

void main() {
  const uint across = channels / 2 / gl_WorkGroupSize.x, block = linear_group() % across;
  if (linear_group() / across >= rows) return;
  // Loads that all lanes share are done even then.
  const uint tile_row = min(linear_group() / across, rows - 1);
  const uint image = divide(first_row + tile_row, tile_rows);
  const uint top = (first_row + tile_row - image * tile_rows) * kOutputs;
  const uint pixel_bytes = channels * kStoredBytes, tile_bytes = channels * 4;
  const uint first_pair = block * gl_WorkGroupSize.x;
  const uint in_bytes = first_pair * (kStoredBytes * 2) + lane_bytes(kShared, kStoredBytes * 2);
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  uint64_t out_tile = tiles + uint64_t(tile_row * tile_columns) * tile_bytes + (first_pair + gl_SubgroupInvocationID) * kPairBytes;
  uint64_t row[kOutputs];  // the channels of a row's first pixel
  [[unroll]] for (int i = 0; i < kOutputs; ++i) {
    row[i] = upstream + uint64_t((image * out_h + min(top + i, out_h - 1)) * out_w) * pixel_bytes + in_bytes;
  }
  for (uint tx = 0; tx < tile_columns; ++tx) {
    vec2 columns[kOutputs][kTile];
    [[unroll]] for (uint j = 0; j < kOutputs; ++j) {
      const bool there = tx * kOutputs + j < out_w;
      const uint64_t offset = uint64_t(min(tx * kOutputs + j, out_w - 1)) * pixel_bytes;
      vec2 y[kOutputs];
      [[unroll]] for (int i = 0; i < kOutputs; ++i) {
        const vec2 value = load_stored_lanes(kShared, row[i] + offset);
        y[i] = there && top + i < out_h ? value : vec2(0.0);
      }
      columns[j] = transform_upstream(y);
    }
    uint64_t at = out_tile;
    [[unroll]] for (int i = 0; i < kTile; ++i) {
      vec2 y[kOutputs];
      [[unroll]] for (int j = 0; j < kOutputs; ++j) y[j] = columns[j][i];
      const vec2 values[kTile] = transform_upstream(y);
      [[unroll]] for (int j = 0; j < kTile; ++j) {
        store_pair(at, values[j]);
        at += step;
      }
    }
    out_tile += tile_bytes;
  }
  if (tile_row == rows - 1) clear_following(out_tile, rows * tile_columns, tile_bytes, step);
}
