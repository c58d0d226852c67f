// The end of a Winograd weight gradient (conv/winograd.glsl): y (3x3, C, O) is G^T m G of the sum m of partial (parts,
// positions, C, O), whose parts are added in their order. A workgroup is one subgroup; groups take the next output
// channels, then the next input channel.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/half.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const uint kInChannels = 1;
layout(constant_id = 4) const uint kOutChannels = 2;
layout(constant_id = 5) const uint kParts = 1;
layout(push_constant) uniform Push {
  uint64_t partial;
  uint64_t y;
};

void main() {
  const uint across = kOutChannels / 2 / gl_WorkGroupSize.x;
  const uint channel = linear_group() / across;
  if (channel >= kInChannels) return;
  const uint pair = linear_group() % across * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
  const uint index = channel * (kOutChannels / 2) + pair;
  const uint step = kInChannels * kOutChannels * 4;  // bytes from a tap or position to the next
  const uint64_t first = partial + uint64_t(index) * kPairBytes;
  vec2 m[kPositions];
  [[unroll]] for (int i = 0; i < kPositions; ++i) m[i] = load_pair(first + uint64_t(i) * step);
  for (uint part = 1; part < kParts; ++part)
    [[unroll]] for (int i = 0; i < kPositions; ++i) m[i] += load_pair(first + uint64_t(part * kPositions + i) * step);
  vec2 columns[kTile][3];
  [[unroll]] for (int j = 0; j < kTile; ++j) {
    vec2 column[kTile];
    [[unroll]] for (int i = 0; i < kTile; ++i) column[i] = m[i * kTile + j];
    columns[j] = transform_weight_gradient(column);
  }
  [[unroll]] for (int ky = 0; ky < 3; ++ky) {
    vec2 row[kTile];
    [[unroll]] for (int j = 0; j < kTile; ++j) row[j] = columns[j][ky];
    const vec2 line[3] = transform_weight_gradient(row);
    [[unroll]] for (int kx = 0; kx < 3; ++kx) {
      const uint tap = ky * 3 + kx;
#ifdef HALF_OUT
      StoredVec2Out(y + uint64_t(tap) * (step / 2) + index * (kPairBytes / 2)).at[0] = STORED_VEC2(line[kx]);
#else
      store_pair(y + uint64_t(tap) * step + uint64_t(index) * kPairBytes, line[kx]);
#endif
    }
  }
}
