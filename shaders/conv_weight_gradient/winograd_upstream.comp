// The transformed upstream of a Winograd weight gradient (conv/winograd.glsl): tiles (16, tiles, O), A y A^T of each 2x2
// pixels of upstream (N, H, W, O), 0 beyond it. A workgroup is one subgroup and walks a row of tiles. Groups take the
// next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const uint kChannels = 2;
layout(constant_id = 4) const uint kOutH = 1;
layout(constant_id = 5) const uint kOutW = 1;
layout(constant_id = 6) const uint kTileRows = 1;     // of an image
layout(constant_id = 7) const uint kTileColumns = 1;  // of an image
layout(constant_id = 8) const uint kTiles = 1;        // for which `tiles` has room
layout(push_constant) uniform Push {
  uint64_t upstream;
  uint64_t tiles;
  uint first_row;
  uint rows;
};

#ifdef HALF_IN
const uint kPixelBytes = kChannels * 2;
#else
const uint kPixelBytes = kChannels * 4;
#endif

void main() {
  const uint across = kChannels / 2 / gl_WorkGroupSize.x;
  const uint tile_row = linear_group() / across;
  if (tile_row >= rows) return;
  const uint pair = linear_group() % across * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
  const uint image = (first_row + tile_row) / kTileRows;
  const uint top = (first_row + tile_row) % kTileRows * 2;
  const bool two_rows = top + 1 < kOutH;
  uint64_t out_tile = tiles + uint64_t(tile_row * kTileColumns) * (kChannels * 4) + pair * kPairBytes;
  const uint64_t row = upstream + uint64_t((image * kOutH + top) * kOutW) * kPixelBytes + pair * (kPixelBytes / kChannels * 2);
  const uint64_t below = row + (two_rows ? uint64_t(kOutW) * kPixelBytes : 0);
  for (uint tx = 0; tx < kTileColumns; ++tx) {
    vec2 columns[2][4];
    [[unroll]] for (uint j = 0; j < 2; ++j) {
      const bool there = tx * 2 + j < kOutW;
      const uint64_t offset = uint64_t(min(tx * 2 + j, kOutW - 1)) * kPixelBytes;
      const vec2 upper = loaded_pair(StoredVec2Load(row + offset).at[0]);
      const vec2 lower = loaded_pair(StoredVec2Load(below + offset).at[0]);
      columns[j] = transform_upstream(there ? upper : vec2(0.0), there && two_rows ? lower : vec2(0.0));
    }
    [[unroll]] for (int i = 0; i < 4; ++i) {
      const vec2 line[4] = transform_upstream(columns[0][i], columns[1][i]);
      [[unroll]] for (int j = 0; j < 4; ++j)
        store_pair(out_tile + uint64_t(uint(i * 4 + j) * kTiles) * (kChannels * 4), line[j]);
    }
    out_tile += kChannels * 4;
  }
  if (tile_row == rows - 1) clear_following(out_tile, rows * kTileColumns, kChannels * 4, uint64_t(kTiles) * (kChannels * 4));
}
