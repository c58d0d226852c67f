// The transformed input of a Winograd convolution (conv/winograd.glsl): tiles (16, tiles, C) from x (N, H, W, C), where
// tile (n, ty, tx) is B^T x B of the 4x4 pixels that begin at row 2 ty - kPaddingH and column 2 tx - kPaddingW, 0 beyond
// the image. A workgroup is one subgroup and walks a row of tiles, each of which shares two columns with its neighbour.
// Groups take the next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const uint kChannels = 2;
layout(constant_id = 4) const int kInH = 1;
layout(constant_id = 5) const int kInW = 1;
layout(constant_id = 6) const int kPaddingH = 0;
layout(constant_id = 7) const int kPaddingW = 0;
layout(constant_id = 8) const uint kTileRows = 1;     // of an image
layout(constant_id = 9) const uint kTileColumns = 1;  // of an image
layout(constant_id = 10) const uint kTiles = 1;       // for which `tiles` has room
layout(push_constant) uniform Push {
  uint64_t x;
  uint64_t tiles;
  uint first_row;
  uint rows;
};

#ifdef HALF_IN
const int kPixelBytes = int(kChannels) * 2;
#else
const int kPixelBytes = int(kChannels) * 4;
#endif

// Columns `left` and left + 1 of the four rows, transformed along the rows: column[i] of both.
void load_columns(uint64_t row[4], bool inside[4], int left, out vec2 columns[2][4]) {
  [[unroll]] for (int s = 0; s < 2; ++s) {
    const int at = left + s;
    const bool there = at >= 0 && at < kInW;
    const int offset = clamp(at, 0, kInW - 1) * kPixelBytes;
    [[unroll]] for (int i = 0; i < 4; ++i) {
      const vec2 value = loaded_pair(StoredVec2Load(row[i] + uint64_t(uint(offset))).at[0]);
      columns[s][i] = there && inside[i] ? value : vec2(0.0);
    }
    transform_input(columns[s]);
  }
}

void main() {
  const uint across = kChannels / 2 / gl_WorkGroupSize.x;
  const uint tile_row = linear_group() / across;
  if (tile_row >= rows) return;
  const uint pair = linear_group() % across * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
  const uint image = (first_row + tile_row) / kTileRows;
  const int top = int((first_row + tile_row) % kTileRows) * 2 - kPaddingH;
  uint64_t row[4];
  bool inside[4];
  [[unroll]] for (int i = 0; i < 4; ++i) {
    inside[i] = top + i >= 0 && top + i < kInH;
    const uint line = image * uint(kInH) + uint(clamp(top + i, 0, kInH - 1));
    row[i] = x + uint64_t(line * uint(kInW)) * uint(kPixelBytes) + pair * (uint(kPixelBytes) / kChannels * 2);
  }
  uint64_t out_tile = tiles + uint64_t(tile_row * kTileColumns) * (kChannels * 4) + pair * kPairBytes;
  vec2 before[2][4];
  load_columns(row, inside, -kPaddingW, before);
  for (uint tx = 0; tx < kTileColumns; ++tx) {
    vec2 after[2][4];
    load_columns(row, inside, int(tx) * 2 + 2 - kPaddingW, after);
    [[unroll]] for (int i = 0; i < 4; ++i) {
      vec2 line[4] = vec2[4](before[0][i], before[1][i], after[0][i], after[1][i]);
      transform_input(line);
      [[unroll]] for (int j = 0; j < 4; ++j)
        store_pair(out_tile + uint64_t(uint(i * 4 + j) * kTiles) * (kChannels * 4), line[j]);
    }
    before = after;
    out_tile += kChannels * 4;
  }
  if (tile_row == rows - 1) clear_following(out_tile, rows * kTileColumns, kChannels * 4, uint64_t(kTiles) * (kChannels * 4));
}
