// The end of a Winograd weight gradient (conv/winograd.glsl): y (3x3, C, O) is G^T m G of the sum m of partial (parts,
// positions, C, O), whose parts are added in their order. A workgroup is one subgroup; groups take the next output
// channels, then the next input channel.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const uint kInChannels = 1;
layout(constant_id = 4) const uint kOutChannels = 2;
layout(constant_id = 5) const uint kParts = 1;
layout(push_constant) uniform Push {
  uint64_t partial;
  uint64_t y;
};

void main() {
  const uint across = kOutChannels / VECTOR / gl_WorkGroupSize.x;
  if (linear_group() / across >= kInChannels) return;
  const uint channel = min(linear_group() / across, kInChannels - 1);  // loads that all lanes share are done even then
  const uint index = channel * (kOutChannels / VECTOR) + linear_group() % across * gl_WorkGroupSize.x;
  const uint step = kInChannels * kOutChannels * 4;  // bytes from a tap or position to the next
  const uint64_t first = partial + uint64_t(index) * kVecBytes + lane_bytes(kShared, kVecBytes);
  VEC m[kPositions];
  [[unroll]] for (int i = 0; i < kPositions; ++i) m[i] = load_lanes(kShared, first + uint64_t(i) * step);
  for (uint part = 1; part < kParts; ++part) {
    const uint64_t next = first + uint64_t(min(part, kParts - 1) * kPositions) * step;
    [[unroll]] for (int i = 0; i < kPositions; ++i) m[i] += load_lanes(kShared, next + uint64_t(i) * step);
  }
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
    [[unroll]] for (int kx = 0; kx < 3; ++kx) {
      const uint tap = ky * 3 + kx;
      store_stored_lanes(kShared, y + uint64_t(tap * (kInChannels * kOutChannels) + index * VECTOR) * kOutBytes + store_bytes(kShared, kOutBytes), line[kx]);
    }
  }
}
