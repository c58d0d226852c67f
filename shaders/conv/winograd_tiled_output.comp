// The end of a Winograd convolution for GPUs (conv/winograd_tiled.glsl): y (N, H, W, O) is A^T m A of products m (positions,
// rows, O), with bias (O) and activation.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#include "conv/activation.glsl"
#include "conv/winograd_tiled.glsl"
layout(constant_id = 3) const bool kBias = false;
layout(constant_id = 4) const uint kActivation = 0;
layout(constant_id = 5) const float kSlope = 0;
layout(push_constant) uniform Push {
  VecIn products;
  VecIn bias;
  StoredVecOut y;
  uint vectors;     // VECs of O
  uint first_tile;  // row 0
  uint tiles;       // from there on
  uint rows;        // that there are
  uint tile_rows;   // of an image
  uint tile_columns;
  uint out_h;
  uint out_w;
};

void main() {
  const uint row = divide(linear_invocation(), vectors), vector = linear_invocation() - row * vectors;
  if (row >= tiles) return;
  VEC columns[kTile][kOutputs];
  [[unroll]] for (int j = 0; j < kTile; ++j) {
    VEC m[kTile];
    [[unroll]] for (int i = 0; i < kTile; ++i) m[i] = products.at[(uint(i * kTile + j) * rows + row) * vectors + vector];
    columns[j] = transform_output(m);
  }
  const TileAt tile = tile_at(first_tile + row, tile_rows, tile_columns);
  const uint top = tile.y * kOutputs, left = tile.x * kOutputs;
  const VEC start = kBias ? bias.at[vector] : VEC(0.0);
  [[unroll]] for (uint i = 0; i < kOutputs; ++i) {
    VEC m[kTile];
    [[unroll]] for (int j = 0; j < kTile; ++j) m[j] = columns[j][i];
    const VEC line[kOutputs] = transform_output(m);
    [[unroll]] for (uint j = 0; j < kOutputs; ++j)
      if (top + i < out_h && left + j < out_w)
        y.at[((tile.image * out_h + top + i) * out_w + left + j) * vectors + vector] =
            STORED_VEC(activated(line[j] + start, kActivation, kSlope));
  }
}
