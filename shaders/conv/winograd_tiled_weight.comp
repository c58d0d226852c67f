// The transformed weight of a Winograd convolution for GPUs (conv/winograd_tiled.glsl): u (positions, C, O), G w G^T of weight
// (3x3, C, O). kFlip: of the kernel mirrored on both axes, as transposed convolutions read it. An invocation takes a VEC of
// neighbouring output channels.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#include "conv/winograd_tiled.glsl"
layout(constant_id = 3) const bool kFlip = false;
layout(push_constant) uniform Push {
  VecIn weight;
  VecOut u;
  uint count;  // VECs of (C, O)
};

void main() {
  const uint index = linear_invocation();
  if (index >= count) return;
  VEC columns[3][kTile];
  [[unroll]] for (int kx = 0; kx < 3; ++kx) {
    VEC w[3];
    [[unroll]] for (int ky = 0; ky < 3; ++ky) w[ky] = weight.at[uint(kFlip ? 8 - ky * 3 - kx : ky * 3 + kx) * count + index];
    columns[kx] = transform_weight(w);
  }
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    const VEC line[kTile] = transform_weight(VEC[3](columns[0][i], columns[1][i], columns[2][i]));
    [[unroll]] for (int j = 0; j < kTile; ++j) u.at[uint(i * kTile + j) * count + index] = line[j];
  }
}
