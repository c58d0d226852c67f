// The end of a Winograd weight gradient for GPUs (conv/winograd_tiled.glsl): y (3x3, C, O) is G^T m G of the sum m of partial
// (parts, positions, C, O), whose parts are added in their order. An invocation takes a VEC of neighbouring output channels.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#include "conv/winograd_tiled.glsl"
layout(push_constant) uniform Push {
  VecIn partial;
  VecOut y;
  uint count;  // VECs of (C, O)
  uint parts;
};

void main() {
  const uint index = linear_invocation();
  if (index >= count) return;
  VEC m[kPositions];
  [[unroll]] for (int i = 0; i < kPositions; ++i) m[i] = partial.at[uint(i) * count + index];
  for (uint part = 1; part < parts; ++part)
    [[unroll]] for (int i = 0; i < kPositions; ++i) m[i] += partial.at[(part * kPositions + uint(i)) * count + index];
  VEC columns[kTile][3];
  [[unroll]] for (int j = 0; j < kTile; ++j) {
    VEC column[kTile];
    [[unroll]] for (int i = 0; i < kTile; ++i) column[i] = m[i * kTile + j];
    columns[j] = transform_weight_gradient(column);
  }
  [[unroll]] for (int ky = 0; ky < 3; ++ky) {
    VEC row[kTile];
    [[unroll]] for (int j = 0; j < kTile; ++j) row[j] = columns[j][ky];
    const VEC line[3] = transform_weight_gradient(row);
    [[unroll]] for (int kx = 0; kx < 3; ++kx) y.at[uint(ky * 3 + kx) * count + index] = line[kx];
  }
}
