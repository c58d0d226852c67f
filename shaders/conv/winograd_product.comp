// The matrix products of a Winograd convolution (conv/winograd.glsl), one for each position of a tile: products
// (positions, tiles, O) = tiles (positions, tiles, C) times u (positions, C, O). A workgroup is one subgroup, whose
// lanes take neighbouring pairs of output channels, kAcross of them each. All weights that it needs are loaded before
// the loop over tiles and stay on the stack, from where a CPU multiplies them at no cost. Products are added by kTerms
// before they reach the sum: a sum that takes one after the other waits for each. Inputs reach all lanes
// by broadcasts from the lane that loaded them. (Where a load from one address is done once: conv/winograd.comp.)
// Groups take the next output channels, then the next run of tiles, then the next position. Channels, tiles and runs
// come with the dispatch: compiling this takes long, and few pipelines then serve all layers and sizes.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/pairs.glsl"
layout(constant_id = 3) const int kAcross = 1;
layout(constant_id = 4) const bool kFurther = false;  // adds to what `products` hold
layout(constant_id = 5) const uint kHeld = 2;         // input channels from `first` on, a multiple of kChunk
layout(push_constant) uniform Push {
  uint64_t tiles;
  uint64_t u;
  uint64_t products;
  uint count;  // tiles
  uint first;
  uint in_channels;
  uint out_channels;
  uint room;  // tiles that there is room for
  uint runs;  // parts of the tiles
  uint positions;
};

const int kTerms = 4;
const int kLanes = int(gl_WorkGroupSize.x);
const int kChunk = 2 * kLanes;  // channels that one load brings to the subgroup

void main() {
  const uint blocks = out_channels / uint(kChunk * kAcross);
  uint index = linear_group();
  const uint first_out = index % blocks * uint(kChunk * kAcross) + gl_SubgroupInvocationID * 2;
  index /= blocks;
  const uint from = index % runs * count / runs, to = (index % runs + 1) * count / runs;
  if (index / runs >= positions) return;
  const uint position = min(index / runs, positions - 1);

  vec2 w[kHeld * kAcross];
  uint64_t matrix = u + uint64_t((position * in_channels + first) * out_channels + first_out) * 4;
  [[unroll]] for (uint c = 0; c < kHeld; ++c) {
    [[unroll]] for (int a = 0; a < kAcross; ++a) w[c * kAcross + a] = load_pair(matrix + uint(a * kChunk) * 4);
    matrix += out_channels * 4;
  }

  for (uint next = from; next < to; ++next) {
    const uint64_t result = products + uint64_t((position * room + next) * out_channels + first_out) * 4;
    vec2 sum[kAcross];
    [[unroll]] for (int a = 0; a < kAcross; ++a) sum[a] = kFurther ? load_pair(result + uint(a * kChunk) * 4) : vec2(0.0);
    const uint64_t row = tiles + (uint64_t(position * room + next) * in_channels + first) * 4 + gl_SubgroupInvocationID * kPairBytes;
    [[unroll]] for (uint chunk = 0; chunk < kHeld; chunk += kChunk) {
      const vec2 loaded = load_pair(row + chunk * 4);
      [[unroll]] for (int i = 0; i < kChunk; i += kTerms) {
        float value[kTerms];
        [[unroll]] for (int k = 0; k < kTerms; ++k) {
          value[k] = subgroupBroadcast(loaded[k % 2], uint((i + k) / 2));
        }
        [[unroll]] for (int a = 0; a < kAcross; ++a) {
          vec2 term[kTerms];
          [[unroll]] for (int k = 0; k < kTerms; ++k) term[k] = value[k] * w[(chunk + i + k) * kAcross + a];
          sum[a] += (term[0] + term[1]) + (term[2] + term[3]);
        }
      }
    }
    [[unroll]] for (int a = 0; a < kAcross; ++a) store_pair(result + uint(a * kChunk) * 4, sum[a]);
  }
}
