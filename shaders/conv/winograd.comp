// A Winograd convolution (conv/winograd.glsl) of x (N, H, W, C) with transformed weights u (positions, C, O) to y (N, H',
// W', O), with bias (O) and activation, in one dispatch. A workgroup is one subgroup, with a scratch of its own, and goes
// through blocks of tiles: it transforms their inputs, multiplies them position by position and transforms the products.
// What lies between stays in the caches of one core. Input channels up to `split` come from x, the others from x2.
//
// Products: a lane takes VECTOR output channels, kAcross of them, of kHeld input channels in a turn. With SHARED, of
// kTogether tiles, inputs by loads that all lanes share; else of one tile, inputs by broadcasts from the lane that loaded
// them. Weights lie in the order in which they are taken; with SHARED they are operands of multiplications, else they are
// loaded before the loop over tiles and stay on the stack. Products are added by kTerms before they reach the sum: a sum
// that takes one after the other waits for each.
// A block is rows of tiles, or some columns of a row; groups take runs of blocks.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd_input.glsl"
#include "conv/winograd_output.glsl"
layout(constant_id = 3) const int kPaddingH = 0;
layout(constant_id = 4) const int kPaddingW = 0;
layout(constant_id = 5) const bool kBias = false;
layout(constant_id = 6) const uint kActivation = 0;
layout(constant_id = 7) const float kSlope = 0;
layout(constant_id = 8) const int kAcross = 1;
layout(constant_id = 9) const uint kHeld = 8;        // a multiple of 8, without SHARED of kChunk, that divides the input channels
layout(constant_id = 10) const uint kTogether = 1;  // tiles with SHARED, of which the last may be none
layout(push_constant) uniform Push {
  uint64_t x;
  uint64_t x2;
  uint64_t u;
  uint64_t bias;
  uint64_t y;
  uint64_t scratch;  // for each group transformed inputs (positions, room, C) and products (positions, room, O)
  int in_h;
  int in_w;
  uint out_h;
  uint out_w;
  uint tile_rows;  // of an image
  uint tile_columns;
  uint all_rows;
  uint block_rows;
  uint block_columns;
  uint first_block;
  uint blocks;
  uint groups;
  uint split;
  uint in_channels;
  uint out_channels;
  uint room;  // tiles that there is room for
};

const uint kChunk = VECTOR * kGroupLanes;  // channels of the subgroup

// Adds the products of input channels `first` and following to those of `count` tiles, or sets them.
#ifdef SHARED
const int kTerms = 8;

void multiply(uint64_t tiles, uint64_t matrix, uint64_t products, uint count, uint first) {
  const uint tile_bytes = in_channels * 4, product_bytes = out_channels * 4;
  const uint last = (count - 1) / kTogether * kTogether;
  for (uint next = 0; next < count; next += kTogether) {
    const uint tile = min(next, last);
    VEC sum[kTogether * kAcross];
    [[unroll]] for (uint t = 0; t < kTogether; ++t)
      [[unroll]] for (int a = 0; a < kAcross; ++a)
        sum[t * kAcross + a] = first > 0 ? load_lanes(true, products + uint64_t((tile + t) * product_bytes + a * (kChunk * 4))) : VEC(0.0);
    [[unroll]] for (int i = 0; i < kHeld; i += kTerms) {
      VEC w[kTerms * kAcross];
      [[unroll]] for (int k = 0; k < kTerms * kAcross; ++k) w[k] = load_lanes(true, matrix + uint64_t((i * kAcross + k) * kChunk * 4));
      [[unroll]] for (uint t = 0; t < kTogether; ++t) {
        const uint64_t row = tiles + uint64_t((tile + t) * tile_bytes + first * 4);
        float value[kTerms];
        [[unroll]] for (int k = 0; k < kTerms; ++k) value[k] = FloatLoad(row + (i + k) * 4).at[0];
        [[unroll]] for (int a = 0; a < kAcross; ++a) {
          VEC term[kTerms];
          [[unroll]] for (int k = 0; k < kTerms; ++k) term[k] = value[k] * w[k * kAcross + a];
          sum[t * kAcross + a] += ((term[0] + term[1]) + (term[2] + term[3])) + ((term[4] + term[5]) + (term[6] + term[7]));
        }
      }
    }
    [[unroll]] for (uint t = 0; t < kTogether; ++t)
      [[unroll]] for (int a = 0; a < kAcross; ++a)
        store_lanes(true, products + uint64_t((tile + t) * product_bytes + a * (kChunk * 4)) + store_bytes(true, 4), sum[t * kAcross + a]);
  }
}
#else
const int kTerms = 4;

void multiply(uint64_t tiles, uint64_t matrix, uint64_t products, uint count, uint first) {
  const uint own = gl_SubgroupInvocationID * kVecBytes;
  VEC w[kHeld * kAcross];
  [[unroll]] for (int i = 0; i < kHeld * kAcross; ++i) w[i] = load_pair(matrix + uint64_t(i * kChunk * 4 + own));
  for (uint tile = 0; tile < count; ++tile) {
    const uint64_t result = products + uint64_t(tile * out_channels * 4 + own), row = tiles + uint64_t((tile * in_channels + first) * 4 + own);
    VEC sum[kAcross];
    [[unroll]] for (int a = 0; a < kAcross; ++a) sum[a] = first > 0 ? load_pair(result + uint64_t(a * kChunk * 4)) : VEC(0.0);
    [[unroll]] for (int chunk = 0; chunk < kHeld; chunk += int(kChunk)) {
      const VEC loaded = load_pair(row + uint64_t(chunk * 4));
      [[unroll]] for (int i = 0; i < kChunk; i += kTerms) {
        float value[kTerms];
        [[unroll]] for (int k = 0; k < kTerms; ++k) value[k] = subgroupBroadcast(loaded[k % 2], uint((i + k) / 2));
        [[unroll]] for (int a = 0; a < kAcross; ++a) {
          VEC term[kTerms];
          [[unroll]] for (int k = 0; k < kTerms; ++k) term[k] = value[k] * w[(chunk + i + k) * kAcross + a];
          sum[a] += (term[0] + term[1]) + (term[2] + term[3]);
        }
      }
    }
    [[unroll]] for (int a = 0; a < kAcross; ++a) store_pair(result + uint64_t(a * kChunk * 4), sum[a]);
  }
}
#endif

void main() {
  if (linear_group() >= groups) return;
  const uint group = min(linear_group(), groups - 1);  // loads that all lanes share are done even then
  const uint from = first_block + group * blocks / groups, to = first_block + (group + 1) * blocks / groups;
  const uint tile_bytes = in_channels * 4, product_bytes = out_channels * 4;
  const uint64_t tile_step = uint64_t(room) * tile_bytes, product_step = uint64_t(room) * product_bytes;
  const uint64_t tiles = scratch + uint64_t(group) * kPositions * (tile_step + product_step);
  const uint64_t products = tiles + kPositions * tile_step;
  const uint across = (tile_columns + block_columns - 1) / block_columns;
  Affine none;
  for (uint next = from; next < to; ++next) {
    const uint block = min(next, to - 1);
    const uint row_block = divide(block, across);
    const uint first_row = row_block * block_rows, rows = min(block_rows, all_rows - first_row);
    const uint first_column = (block - row_block * across) * block_columns, columns = min(block_columns, tile_columns - first_column);
    for (uint r = 0; r < rows; ++r) {
      const uint row = min(r, rows - 1), image = divide(first_row + row, tile_rows);
      const int top = int(first_row + row - image * tile_rows) * kOutputs - kPaddingH;
      const uint64_t pixels = uint64_t(image * uint(in_h) * uint(in_w));
      for (uint c = 0; c < in_channels; c += kChunk) {
        const uint channel = min(c, in_channels - kChunk);
        const bool second = channel >= split;
        // Names only: branches give inactive lanes nothing, and loads that all lanes share are done for them too.
        const uint64_t from_x = x, from_x2 = x2;
        const uint own_x = split, own_x2 = in_channels - split, none_before = 0;
        const uint own = second ? own_x2 : own_x, before = second ? own_x : none_before;
        const uint pixel_bytes = own * kInBytes;
        const uint64_t at = (second ? from_x2 : from_x) + pixels * pixel_bytes + (channel - before) * kInBytes + lane_bytes(kShared, kInBytes * VECTOR);
        transform_input_row(input_rows(at, top, in_h, in_w, pixel_bytes), int(first_column) * kOutputs - kPaddingW, columns, false, none,
                            tiles + uint64_t(row * columns * tile_bytes) + channel * 4 + store_bytes(kShared, 4), tile_bytes, tile_step);
      }
    }
    subgroupBarrier();
    for (uint p = 0; p < kPositions; ++p) {
      const uint position = min(p, kPositions - 1);
      for (uint o = 0; o < out_channels; o += kChunk * kAcross) {
        const uint first_out = min(o, out_channels - kChunk * kAcross);
        for (uint c = 0; c < in_channels; c += kHeld) {
          const uint first = min(c, in_channels - kHeld);
          subgroupBarrier();  // the turn before stored what other lanes load
          multiply(tiles + position * tile_step, u + uint64_t((position * out_channels + first_out) * in_channels + first * (kChunk * kAcross)) * 4,
                   products + position * product_step + first_out * 4, rows * columns, first);
        }
      }
    }
    subgroupBarrier();
    for (uint r = 0; r < rows; ++r) {
      const uint row = min(r, rows - 1), image = divide(first_row + row, tile_rows);
      const uint top = (first_row + row - image * tile_rows) * kOutputs;
      const uint pixel_bytes = out_channels * kOutBytes;
      for (uint o = 0; o < out_channels; o += kChunk) {
        const uint channel = min(o, out_channels - kChunk);
        transform_output_row(products + uint64_t(row * columns * product_bytes) + channel * 4 + lane_bytes(kShared, kVecBytes), product_bytes, product_step, columns,
                             y + uint64_t((image * out_h + top) * out_w) * pixel_bytes + channel * kOutBytes + store_bytes(kShared, kOutBytes),
                             first_column * kOutputs, out_w, out_h - top, pixel_bytes, kBias ? load_lanes(kShared, bias + channel * 4 + lane_bytes(kShared, kVecBytes)) : VEC(0.0), kActivation, kSlope);
      }
    }
  }
}
