// The transformed input of a Winograd convolution for GPUs (conv/winograd_tiled.glsl): transformed (positions, rows, C') from
// x (N, H, W, C), where row (n, ty, tx) is B^T x B of the pixels that begin at row kOutputs ty - padding_h and column
// kOutputs tx - padding_w, 0 beyond the image. C' may hold other tensors' channels too.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#include "conv/winograd_tiled.glsl"
layout(push_constant) uniform Push {
  StoredVecIn x;
  VecOut transformed;
  uint vectors;      // VECs of C
  uint row_vectors;  // of C'
  uint first_tile;   // row 0
  uint tiles;        // from there on; rows beyond them are 0
  uint written;      // rows
  uint rows;         // that there are
  uint tile_rows;    // of an image
  uint tile_columns;
  int in_h;
  int in_w;
  int padding_h;
  int padding_w;
};

void main() {
  const uint row = divide(linear_invocation(), vectors), vector = linear_invocation() - row * vectors;
  if (row >= written) return;
  const TileAt tile = tile_at(first_tile + row, tile_rows, tile_columns);
  const int top = int(tile.y) * kOutputs - padding_h, left = int(tile.x) * kOutputs - padding_w;
  const int first = int(tile.image) * in_h;
  VEC columns[kTile][kTile];
  [[unroll]] for (int j = 0; j < kTile; ++j) {
    const bool inside = row < tiles && left + j >= 0 && left + j < in_w;
    [[unroll]] for (int i = 0; i < kTile; ++i) {
      columns[j][i] = VEC(0.0);
      if (inside && top + i >= 0 && top + i < in_h)
        columns[j][i] = VEC(x.at[uint((first + top + i) * in_w + left + j) * vectors + vector]);
    }
    transform_input(columns[j]);
  }
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    VEC line[kTile];
    [[unroll]] for (int j = 0; j < kTile; ++j) line[j] = columns[j][i];
    transform_input(line);
    [[unroll]] for (int j = 0; j < kTile; ++j)
      transformed.at[(uint(i * kTile + j) * rows + row) * row_vectors + vector] = line[j];
  }
}
