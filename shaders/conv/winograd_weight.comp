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
  uint block;  // output channels that lie side by side in u, those of all input channels before the next
};

void main() {
  const uint across = out_channels / VECTOR / gl_WorkGroupSize.x;
  if (linear_group() / across >= in_channels) return;
  const uint channel = min(linear_group() / across, in_channels - 1);  // loads that all lanes share are done even then
  const uint first_vec = linear_group() % across * gl_WorkGroupSize.x;
  const uint first_out = first_vec * VECTOR;
  const uint64_t first = uint64_t(channel * (out_channels / VECTOR) + first_vec) * kVecBytes;
  const uint64_t from = weight + first + lane_bytes(kShared, kVecBytes), to = u + uint64_t(((first_out / block) * in_channels + channel) * block + first_out % block) * 4 + store_bytes(kShared, 4);
  const uint step = in_channels * out_channels * 4;  // bytes from a tap or position to the next
  VEC columns[3][kTile];
  [[unroll]] for (int kx = 0; kx < 3; ++kx) {
    VEC w[3];
    [[unroll]] for (int ky = 0; ky < 3; ++ky) w[ky] = load_lanes(kShared, from + uint64_t(kFlip ? 8 - ky * 3 - kx : ky * 3 + kx) * step);
    columns[kx] = transform_weight(w);
  }
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    const VEC line[kTile] = transform_weight(VEC[3](columns[0][i], columns[1][i], columns[2][i]));
    [[unroll]] for (int j = 0; j < kTile; j += 2)
      store_two_lanes(kShared, to + uint64_t(i * kTile + j) * step, step, line[j], line[j + 1]);
  }
}
