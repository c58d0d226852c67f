// The 16 matrix products of a Winograd convolution (conv/winograd.glsl): products (16, tiles, O) = tiles (16, tiles, C)
// times u (16, C, O). A workgroup is one subgroup, whose lanes take neighbouring pairs of output channels, kAcross of
// them each. All weights that it needs are loaded before the loop over tiles and stay on the stack, from where a CPU
// multiplies them at no cost. Inputs reach all lanes as in conv/subgroup_blocked.comp: by broadcasts from the lane that
// loaded them, or, with SHARED, by loads from one address.
// Groups take the next output channels, then the next run of tiles, then the next position. Channels, tiles and runs come
// with the dispatch: compiling this takes long, and few pipelines then serve all layers and sizes.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd.glsl"
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
  uint room;  // tiles that there is room for, a multiple of kTogether
  uint runs;  // parts of the tiles
};

const int kTogether = 2;  // tiles
const int kLanes = int(gl_WorkGroupSize.x);
const int kChunk = 2 * kLanes;  // channels that one load brings to the subgroup

void main() {
  const uint blocks = out_channels / uint(kChunk * kAcross);
  uint index = linear_group();
  const uint first_out = index % blocks * uint(kChunk * kAcross) + gl_SubgroupInvocationID * 2;
  index /= blocks;
  const uint turns = (count + kTogether - 1) / kTogether;
  const uint from = index % runs * turns / runs, to = (index % runs + 1) * turns / runs;
  if (index / runs >= kPositions) return;
  const uint position = min(index / runs, kPositions - 1);

  vec2 w[kHeld * kAcross];
  uint64_t matrix = u + uint64_t((position * in_channels + first) * out_channels + first_out) * 4;
  [[unroll]] for (uint c = 0; c < kHeld; ++c) {
    [[unroll]] for (int a = 0; a < kAcross; ++a) w[c * kAcross + a] = load_pair(matrix + uint(a * kChunk) * 4);
    matrix += out_channels * 4;
  }

  for (uint turn = from; turn < to; ++turn) {
    const uint tile = position * room + turn * kTogether;
    const uint64_t result = products + uint64_t(tile * out_channels + first_out) * 4;
    const uint64_t results[kTogether] = uint64_t[kTogether](result, result + out_channels * 4);
    vec2 sum[kTogether * kAcross];
    [[unroll]] for (int t = 0; t < kTogether; ++t)
      [[unroll]] for (int a = 0; a < kAcross; ++a)
        sum[t * kAcross + a] = kFurther ? load_pair(results[t] + uint(a * kChunk) * 4) : vec2(0.0);
#ifdef SHARED
    // Inside `tiles` where no lane is active any more, see conv/subgroup_blocked.comp.
    const uint64_t row = tiles + (uint64_t(position * room + min(turn, turns - 1) * kTogether) * in_channels + first) * 4;
    const uint64_t rows[kTogether] = uint64_t[kTogether](row, row + in_channels * 4);
    [[unroll]] for (uint c = 0; c < kHeld; ++c)
      [[unroll]] for (int t = 0; t < kTogether; ++t) {
        const float value = FloatLoad(rows[t] + c * 4).at[0];
        [[unroll]] for (int a = 0; a < kAcross; ++a) sum[t * kAcross + a] += value * w[c * kAcross + a];
      }
#else
    const uint64_t row = tiles + (uint64_t(tile) * in_channels + first) * 4 + gl_SubgroupInvocationID * kPairBytes;
    const uint64_t rows[kTogether] = uint64_t[kTogether](row, row + in_channels * 4);
    [[unroll]] for (uint chunk = 0; chunk < kHeld; chunk += kChunk) {
      vec2 loaded[kTogether];
      [[unroll]] for (int t = 0; t < kTogether; ++t) loaded[t] = load_pair(rows[t] + chunk * 4);
      [[unroll]] for (int i = 0; i < kChunk; ++i)
        [[unroll]] for (int t = 0; t < kTogether; ++t) {
          const float value = subgroupBroadcast(loaded[t][i % 2], uint(i / 2));
          [[unroll]] for (int a = 0; a < kAcross; ++a) sum[t * kAcross + a] += value * w[(chunk + i) * kAcross + a];
        }
    }
#endif
    [[unroll]] for (int t = 0; t < kTogether; ++t)
      [[unroll]] for (int a = 0; a < kAcross; ++a)
        store_pair(results[t] + uint(a * kChunk) * 4, sum[t * kAcross + a]);
  }
}
