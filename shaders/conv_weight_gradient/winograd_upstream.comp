// The transformed upstream of a Winograd weight gradient (conv/winograd.glsl): tiles (16, tiles, O), A y A^T of each 2x2
// pixels of upstream (N, H, W, O), 0 beyond it. A workgroup is one subgroup and walks a row of tiles. Groups take the
// next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd.glsl"
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
  const uint across = channels / 2 / gl_WorkGroupSize.x;
  const uint tile_row = linear_group() / across;
  if (tile_row >= rows) return;
  const uint pair = linear_group() % across * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
  const uint image = divide(first_row + tile_row, tile_rows);
  const uint top = (first_row + tile_row - image * tile_rows) * 2;
  const bool two_rows = top + 1 < out_h;
  const uint tile_bytes = channels * 4, pixel_bytes = channels * kStoredBytes;
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  uint64_t out_tile = tiles + uint64_t(tile_row * tile_columns) * tile_bytes + pair * kPairBytes;
  const uint64_t row = upstream + uint64_t((image * out_h + top) * out_w) * pixel_bytes + pair * (kStoredBytes * 2);
  const uint64_t below = row + (two_rows ? uint64_t(out_w) * pixel_bytes : 0);
  for (uint tx = 0; tx < tile_columns; ++tx) {
    vec2 columns[2][4];
    [[unroll]] for (uint j = 0; j < 2; ++j) {
      const bool there = tx * 2 + j < out_w;
      const uint64_t offset = uint64_t(min(tx * 2 + j, out_w - 1)) * pixel_bytes;
      const vec2 upper = loaded_pair(StoredVec2Load(row + offset).at[0]);
      const vec2 lower = loaded_pair(StoredVec2Load(below + offset).at[0]);
      columns[j] = transform_upstream(there ? upper : vec2(0.0), there && two_rows ? lower : vec2(0.0));
    }
    uint64_t at = out_tile;
    [[unroll]] for (int i = 0; i < 4; ++i) {
      const vec2 line[4] = transform_upstream(columns[0][i], columns[1][i]);
      [[unroll]] for (int j = 0; j < 4; ++j) {
        store_pair(at, line[j]);
        at += step;
      }
    }
    out_tile += tile_bytes;
  }
  if (tile_row == rows - 1) clear_following(out_tile, rows * tile_columns, tile_bytes, step);
}
