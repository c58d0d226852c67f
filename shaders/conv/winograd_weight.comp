// The transformed weight of a Winograd convolution (conv/winograd.glsl): u (positions, C, O), G w G^T of weight (3x3,
// C, O). kFlip: of the kernel mirrored on both axes, as transposed convolutions read it. A workgroup is one subgroup;
// groups take the next output channels, then the next input channel.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const bool kFlip = false;
layout(push_constant) uniform Push {
  uint64_t weight;
  uint64_t u;
  uint in_channels;
  uint out_channels;
};

void main() {
  const uint across = out_channels / 2 / gl_WorkGroupSize.x;
  const uint channel = linear_group() / across;
  if (channel >= in_channels) return;
  const uint pair = linear_group() % across * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
  const uint64_t first = uint64_t(channel * (out_channels / 2) + pair) * kPairBytes;
  const uint step = in_channels * out_channels * 4;  // bytes from a tap or position to the next
  vec2 columns[3][kTile];
  [[unroll]] for (int kx = 0; kx < 3; ++kx) {
    vec2 w[3];
    [[unroll]] for (int ky = 0; ky < 3; ++ky) w[ky] = load_pair(weight + first + uint64_t(kFlip ? 8 - ky * 3 - kx : ky * 3 + kx) * step);
    columns[kx] = transform_weight(w);
  }
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    const vec2 line[kTile] = transform_weight(vec2[3](columns[0][i], columns[1][i], columns[2][i]));
    [[unroll]] for (int j = 0; j < kTile; ++j) store_pair(u + first + uint64_t(i * kTile + j) * step, line[j]);
  }
}
