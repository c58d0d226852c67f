// The transformed upstream of a Winograd weight gradient for GPUs (conv/winograd_tiled.glsl): transformed (positions, rows, O),
// A y A^T of each 2x2 or 4x4 pixels of upstream (N, H, W, O), 0 beyond it.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#include "conv/winograd_tiled.glsl"
layout(push_constant) uniform Push {
  StoredVecIn upstream;
  VecOut transformed;
  uint vectors;     // VECs of O
  uint first_tile;  // row 0
  uint tiles;       // from there on; rows beyond them are 0
  uint rows;
  uint tile_rows;  // of an image
  uint tile_columns;
  uint out_h;
  uint out_w;
};

void main() {
  const uint row = divide(linear_invocation(), vectors), vector = linear_invocation() - row * vectors;
  if (row >= rows) return;
  const TileAt tile = tile_at(first_tile + row, tile_rows, tile_columns);
  const uint top = tile.y * kOutputs, left = tile.x * kOutputs;
  VEC columns[kOutputs][kTile];
  [[unroll]] for (uint j = 0; j < kOutputs; ++j) {
    VEC y[kOutputs];
    [[unroll]] for (uint i = 0; i < kOutputs; ++i) {
      y[i] = VEC(0.0);
      if (row < tiles && top + i < out_h && left + j < out_w)
        y[i] = VEC(upstream.at[((tile.image * out_h + top + i) * out_w + left + j) * vectors + vector]);
    }
    columns[j] = transform_upstream(y);
  }
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    VEC y[kOutputs];
    [[unroll]] for (int j = 0; j < kOutputs; ++j) y[j] = columns[j][i];
    const VEC line[kTile] = transform_upstream(y);
    [[unroll]] for (int j = 0; j < kTile; ++j)
      transformed.at[(uint(i * kTile + j) * rows + row) * vectors + vector] = line[j];
  }
}
