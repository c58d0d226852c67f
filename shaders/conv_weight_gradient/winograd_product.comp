// The matrix products of a Winograd weight gradient (conv/winograd.glsl), one for each position of a tile: partial
// (parts, positions, C, O), in each part the transposed of x (positions, tiles, C) times upstream (positions, tiles,
// O) over its share of the tiles. A workgroup is one subgroup, whose lanes take neighbouring pairs of output channels
// of the same kIn input channels. Inputs reach all lanes as in conv/subgroup_blocked.comp: by broadcasts from the lane
// that loaded them, or, with SHARED, by loads from one address.
// Groups take the next output channels, then the next input channels, then the next position, then the next part.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/lanes.glsl"
layout(constant_id = 3) const uint kInChannels = 2;
layout(constant_id = 4) const uint kOutChannels = 2;
layout(constant_id = 5) const int kIn = 2;      // even; without SHARED a multiple of kChunk
layout(constant_id = 6) const uint kTiles = 1;  // for which there is room
layout(constant_id = 7) const uint kParts = 1;
layout(constant_id = 8) const bool kFurther = false;  // adds to what `partial` holds
layout(constant_id = 9) const uint kPositions = 16;
layout(push_constant) uniform Push {
  uint64_t x;
  uint64_t upstream;
  uint64_t partial;
  uint count;  // tiles; those that fill the last turn are zeros
};

const int kTogether = 8;  // tiles
#ifdef SHARED
const bool kShared = true;
#else
const bool kShared = false;
#endif
const int kChunk = VECTOR * kGroupLanes;  // channels that one load brings to the subgroup

void main() {
  const uint blocks = kOutChannels / uint(kChunk), in_blocks = kInChannels / uint(kIn);
  uint index = linear_group();
  const uint first_out = index % blocks * uint(kChunk);
  index /= blocks;
  const uint first_in = index % in_blocks * uint(kIn);
  index /= in_blocks;
  const uint position = index % kPositions;
  if (index / kPositions >= kParts) return;
  const uint part = min(index / kPositions, kParts - 1);
  const uint turns = (count + kTogether - 1) / kTogether;
  const uint from = part * turns / kParts, to = (part + 1) * turns / kParts;

  const uint64_t result = partial + uint64_t(((part * kPositions + position) * kInChannels + first_in) * kOutChannels + first_out) * 4;
  VEC sum[kIn];
  [[unroll]] for (int i = 0; i < kIn; ++i)
    sum[i] = kFurther ? load_lanes(kShared, result + uint(i) * (kOutChannels * 4) + lane_bytes(kShared, kVecBytes)) : VEC(0.0);
  for (uint turn = from; turn < to; ++turn) {
    // Inside the tiles where no lane is active any more, see common/lanes.glsl.
    const uint tile = position * kTiles + (kShared ? min(turn, turns - 1) : turn) * kTogether;
    const uint64_t y_row = upstream + uint64_t(tile * kOutChannels + first_out) * 4 + lane_bytes(kShared, kVecBytes);
    const uint64_t x_row = x + uint64_t(tile * kInChannels + first_in) * 4;
    VEC y[kTogether];
    [[unroll]] for (int t = 0; t < kTogether; ++t) y[t] = load_lanes(kShared, y_row + uint64_t(uint(t) * (kOutChannels * 4)));
#ifdef SHARED
    [[unroll]] for (int i = 0; i < kIn; ++i) {
      VEC term[kTogether];
      [[unroll]] for (int t = 0; t < kTogether; ++t) term[t] = FloatLoad(x_row + (uint(t) * kInChannels + i) * 4).at[0] * y[t];
      sum[i] += ((term[0] + term[1]) + (term[2] + term[3])) + ((term[4] + term[5]) + (term[6] + term[7]));
    }
#else
    [[unroll]] for (int chunk = 0; chunk < kIn; chunk += kChunk) {
      VEC loaded[kTogether];
      [[unroll]] for (int t = 0; t < kTogether; ++t)
        loaded[t] = load_lanes(kShared, x_row + (uint(t) * kInChannels + chunk) * 4 + gl_SubgroupInvocationID * kVecBytes);
      [[unroll]] for (int i = 0; i < kChunk; ++i)
        [[unroll]] for (int t = 0; t < kTogether; ++t)
          sum[chunk + i] += subgroupBroadcast(loaded[t][i % 2], uint(i / 2)) * y[t];
    }
#endif
  }
  [[unroll]] for (int i = 0; i < kIn; i += 2)
    store_two_lanes(kShared, result + uint(i) * (kOutChannels * 4) + store_bytes(kShared, 4), kOutChannels * 4, sum[i], sum[i + 1]);
}
