// The products of a Winograd weight gradient (conv/winograd.glsl) of x (N, H, W, C) and upstream (N, H', W', O) in one
// dispatch: partial (groups, positions, C, O), which winograd_output.comp adds and transforms. A workgroup is one
// subgroup, with a scratch of its own, and goes through blocks of tiles: it transforms their inputs and upstreams and adds
// the products of each position. What lies between stays in the caches of one core. Input channels up to `split` come
// from x, the others from x2.
//
// Products: a lane takes VECTOR output channels of the same kIn input channels, eight tiles at a time; inputs come by
// loads that all lanes share (SHARED), or by broadcasts from the lane that loaded them.
// A block is rows of tiles, or some columns of a row; groups take runs of blocks.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd_input.glsl"
#include "conv_weight_gradient/winograd_upstream.glsl"
layout(constant_id = 3) const int kPaddingH = 0;
layout(constant_id = 4) const int kPaddingW = 0;
layout(constant_id = 5) const uint kIn = 2;        // even
layout(constant_id = 6) const bool kNorm = false;  // x is what a batch norm is applied to, whose output is meant
layout(constant_id = 7) const bool kAffine = false;
layout(constant_id = 8) const bool kRelu = false;
layout(push_constant) uniform Push {
  uint64_t x;
  uint64_t x2;  // or the norm's mean
  uint64_t variance;
  uint64_t weight;
  uint64_t bias;
  uint64_t upstream;
  uint64_t partial;
  uint64_t scratch;  // for each group transformed inputs (positions, room, C) and upstreams (positions, room, O)
  int in_h;
  int in_w;
  uint out_h;
  uint out_w;
  uint tile_rows;  // of an image
  uint tile_columns;
  uint all_rows;
  uint block_rows;
  uint block_columns;
  uint blocks;
  uint groups;
  uint split;
  uint in_channels;
  uint out_channels;
  uint room;  // tiles that there is room for
  float eps;
};

const uint kChunk = VECTOR * kGroupLanes;  // channels of the subgroup
const int kTogether = 8;                   // tiles

// Adds the products of `turns` times eight tiles to `result`, or sets it.
#ifdef SHARED
void multiply(uint64_t x_tiles, uint64_t y_tiles, uint64_t result, uint turns, bool further) {
  const uint x_bytes = in_channels * 4, y_bytes = out_channels * 4;
  VEC sum[kIn];
  [[unroll]] for (uint i = 0; i < kIn; ++i) {
    const VEC before = load_lanes(true, result + uint64_t(i * y_bytes));
    sum[i] = further ? before : VEC(0.0);
  }
  for (uint turn = 0; turn < turns; ++turn) {
    const uint tile = min(turn, turns - 1) * kTogether;
    VEC y[kTogether];
    [[unroll]] for (int t = 0; t < kTogether; ++t) y[t] = load_lanes(true, y_tiles + uint64_t((tile + t) * y_bytes));
    [[unroll]] for (uint i = 0; i < kIn; ++i) {
      VEC term[kTogether];
      [[unroll]] for (int t = 0; t < kTogether; ++t) term[t] = FloatLoad(x_tiles + uint64_t((tile + t) * x_bytes + i * 4)).at[0] * y[t];
      sum[i] += ((term[0] + term[1]) + (term[2] + term[3])) + ((term[4] + term[5]) + (term[6] + term[7]));
    }
  }
  [[unroll]] for (uint i = 0; i < kIn; i += 2)
    store_two_lanes(true, result + uint64_t(i * y_bytes) + store_bytes(true, 4), y_bytes, sum[i], sum[i + 1]);
}
#else
void multiply(uint64_t x_tiles, uint64_t y_tiles, uint64_t result, uint turns, bool further) {
  const uint x_bytes = in_channels * 4, y_bytes = out_channels * 4, own = gl_SubgroupInvocationID * kVecBytes;
  VEC sum[kIn];
  [[unroll]] for (uint i = 0; i < kIn; ++i) {
    const VEC before = load_pair(result + uint64_t(i * y_bytes + own));
    sum[i] = further ? before : VEC(0.0);
  }
  for (uint turn = 0; turn < turns; ++turn) {
    const uint tile = turn * kTogether;
    VEC y[kTogether];
    [[unroll]] for (int t = 0; t < kTogether; ++t) y[t] = load_pair(y_tiles + uint64_t((tile + t) * y_bytes + own));
    [[unroll]] for (int chunk = 0; chunk < kIn; chunk += int(kChunk)) {
      VEC loaded[kTogether];
      [[unroll]] for (int t = 0; t < kTogether; ++t) loaded[t] = load_pair(x_tiles + uint64_t((tile + t) * x_bytes + chunk * 4 + own));
      [[unroll]] for (int i = 0; i < kChunk; ++i)
        [[unroll]] for (int t = 0; t < kTogether; ++t) sum[chunk + i] += subgroupBroadcast(loaded[t][i % 2], uint(i / 2)) * y[t];
    }
  }
  [[unroll]] for (uint i = 0; i < kIn; ++i) store_pair(result + uint64_t(i * y_bytes + own), sum[i]);
}
#endif

void main() {
  if (linear_group() >= groups) return;
  const uint group = min(linear_group(), groups - 1);  // loads that all lanes share are done even then
  const uint from = group * blocks / groups, to = (group + 1) * blocks / groups;
  const uint x_bytes = in_channels * 4, y_bytes = out_channels * 4;
  const uint64_t x_step = uint64_t(room) * x_bytes, y_step = uint64_t(room) * y_bytes;
  const uint64_t x_tiles = scratch + uint64_t(group) * kPositions * (x_step + y_step), y_tiles = x_tiles + kPositions * x_step;
  const uint64_t sums = partial + uint64_t(group * kPositions) * in_channels * y_bytes;
  const uint across = (tile_columns + block_columns - 1) / block_columns;
  for (uint next = from; next < to; ++next) {
    const uint block = min(next, to - 1);
    const uint row_block = divide(block, across);
    const uint first_row = row_block * block_rows, rows = min(block_rows, all_rows - first_row);
    const uint first_column = (block - row_block * across) * block_columns, columns = min(block_columns, tile_columns - first_column);
    for (uint r = 0; r < rows; ++r) {
      const uint row = min(r, rows - 1);
      const uint image = divide(first_row + row, tile_rows), top = (first_row + row - image * tile_rows) * kOutputs;
      for (uint c = 0; c < in_channels; c += kChunk) {
        const uint channel = min(c, in_channels - kChunk);
        const bool second = !kNorm && channel >= split;
        // Names only: branches give inactive lanes nothing, and loads that all lanes share are done for them too.
        const uint64_t from_x = x, from_x2 = x2;
        const uint own_x = split, own_x2 = in_channels - split, none_before = 0;
        const uint own = second ? own_x2 : own_x, before = second ? own_x : none_before;
        const uint pixel_bytes = own * kInBytes;
        const uint64_t at = (second ? from_x2 : from_x) + uint64_t(image * uint(in_h) * uint(in_w)) * pixel_bytes + (channel - before) * kInBytes + lane_bytes(kShared, kInBytes * VECTOR);
        Affine affine;
        if (kNorm) affine = load_affine(x2, variance, weight, bias, uint64_t(channel) * 4, eps, kAffine, kRelu);
        const uint64_t end = transform_input_row(input_rows(at, int(top) - kPaddingH, in_h, in_w, pixel_bytes), int(first_column) * kOutputs - kPaddingW, columns, kNorm, affine,
                                                 x_tiles + uint64_t(row * columns * x_bytes) + channel * 4 + store_bytes(kShared, 4), x_bytes, x_step);
        if (row == rows - 1) clear_following(end, rows * columns, x_bytes, x_step);
      }
      for (uint o = 0; o < out_channels; o += kChunk) {
        const uint channel = min(o, out_channels - kChunk), pixel_bytes = out_channels * kInBytes;
        const uint64_t end = transform_upstream_row(upstream + uint64_t(image * out_h * out_w) * pixel_bytes + channel * kInBytes + lane_bytes(kShared, kInBytes * VECTOR), top, out_h, out_w, pixel_bytes,
                                                    first_column * kOutputs, columns, y_tiles + uint64_t(row * columns * y_bytes) + channel * 4 + store_bytes(kShared, 4), y_bytes, y_step);
        if (row == rows - 1) clear_following(end, rows * columns, y_bytes, y_step);
      }
    }
    subgroupBarrier();
    const uint turns = (rows * columns + kTogether - 1) / kTogether;
    for (uint p = 0; p < kPositions; ++p) {
      const uint position = min(p, kPositions - 1);
      for (uint o = 0; o < out_channels; o += kChunk) {
        const uint first_out = min(o, out_channels - kChunk);
        for (uint c = 0; c < in_channels; c += kIn) {
          const uint first_in = min(c, in_channels - kIn);
          multiply(x_tiles + position * x_step + first_in * 4, y_tiles + position * y_step + first_out * 4,
                   sums + uint64_t((position * in_channels + first_in) * out_channels + first_out) * 4, turns, next > from);
        }
      }
    }
    subgroupBarrier();
  }
}
