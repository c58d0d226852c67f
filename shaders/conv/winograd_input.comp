// The transformed input of a Winograd convolution (conv/winograd.glsl): tiles (positions, tiles, C) from x (N, H, W,
// C), where tile (n, ty, tx) is B^T x B of the pixels that begin at row kOutputs ty - kPaddingH and column kOutputs tx
// - kPaddingW, 0 beyond the image. A workgroup is one subgroup and walks a row of tiles, each of which shares two
// columns with its neighbour.
// Groups take the next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/touch.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const bool kTouch = false;  // all channels of pixels ahead, where these are the first
layout(constant_id = 4) const int kPaddingH = 0;
layout(constant_id = 5) const int kPaddingW = 0;
layout(constant_id = 6) const bool kNorm = false;  // x is what a batch norm is applied to, whose output is meant
layout(constant_id = 7) const bool kAffine = false;
layout(constant_id = 8) const bool kRelu = false;
layout(push_constant) uniform Push {
  uint64_t x;
  uint64_t tiles;  // of x's channels, which may be some of tile_channels
  uint64_t mean;   // these four of the norm's, (C)
  uint64_t variance;
  uint64_t weight;
  uint64_t bias;
  uint first_row;
  uint rows;
  int in_h;
  int in_w;
  uint tile_rows;  // of an image
  uint tile_columns;
  uint channels;
  uint room;  // tiles that there is room for
  uint tile_channels;
  float eps;
};

#ifdef HALF_IN
const uint kStoredBytes = 2;
#else
const uint kStoredBytes = 4;
#endif

// The same arithmetic as in normalize/affine.glsl, to the bit.
struct Affine {
  vec2 mean, factor, bias;
};

Affine load_affine(uint pair) {
  const uint64_t at = uint64_t(pair) * kPairBytes;
  const vec2 deviation = 1.0 / sqrt(load_pair(variance + at) + eps);
  return Affine(load_pair(mean + at), (kAffine ? load_pair(weight + at) : vec2(1.0)) * deviation, kAffine ? load_pair(bias + at) : vec2(0.0));
}

vec2 normalized(vec2 value, Affine a) {
  precise vec2 scaled = (value - a.mean) * a.factor;
  precise vec2 y = scaled + a.bias;
  return kRelu ? vec2(y.x <= 0.0 ? 0.0 : y.x, y.y <= 0.0 ? 0.0 : y.y) : y;
}

// A column of the tile's rows, transformed.
void load_column(uint64_t row[kTile], bool inside[kTile], int at, Affine affine, out vec2 column[kTile]) {
  const bool there = at >= 0 && at < in_w;
  const uint offset = uint(clamp(at, 0, in_w - 1)) * (channels * kStoredBytes);
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    vec2 value = loaded_pair(StoredVec2Load(row[i] + uint64_t(offset)).at[0]);
    if (kNorm) value = normalized(value, affine);
    column[i] = there && inside[i] ? value : vec2(0.0);
  }
  transform_input(column);
}

void main() {
  const uint across = channels / 2 / gl_WorkGroupSize.x, block = linear_group() % across;
  if (linear_group() / across >= rows) return;
  // Loads that all lanes share are done even then.
  const uint tile_row = min(linear_group() / across, rows - 1);
  const uint image = divide(first_row + tile_row, tile_rows);
  const int top = int(first_row + tile_row - image * tile_rows) * kOutputs - kPaddingH;
  const uint pixel_bytes = channels * kStoredBytes, tile_bytes = tile_channels * 4;
  const uint first_pair = block * gl_WorkGroupSize.x;
  const uint touched_bytes = kTouch && block == 0 ? pixel_bytes : 0;
  uint64_t line[kTile], row[kTile];  // where a row's pixels begin, and the lane's channels in it
  bool inside[kTile];
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    inside[i] = top + i >= 0 && top + i < in_h;
    line[i] = x + uint64_t((image * uint(in_h) + uint(clamp(top + i, 0, in_h - 1))) * uint(in_w)) * pixel_bytes;
    row[i] = line[i] + (first_pair + gl_SubgroupInvocationID) * (kStoredBytes * 2);
  }
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  uint64_t out_tile = tiles + uint64_t(tile_row * tile_columns) * tile_bytes + (first_pair + gl_SubgroupInvocationID) * kPairBytes;
  Affine affine;
  if (kNorm) affine = load_affine(first_pair + gl_SubgroupInvocationID);
  vec2 columns[kTile][kTile];
  [[unroll]] for (int s = 0; s < 2; ++s) load_column(row, inside, s - kPaddingW, affine, columns[s]);
  for (uint tx = 0; tx < tile_columns; ++tx) {
    const int left = int(tx) * kOutputs - kPaddingW;
    for (uint at = 0; at < touched_bytes; at += kLineBytes)
      [[unroll]] for (int s = 2; s < kTile; ++s) {
        const uint offset = uint(clamp(left + s, 0, in_w - 1)) * pixel_bytes + min(at, pixel_bytes - 4);
        [[unroll]] for (int i = 0; i < kTile; ++i) touch(line[i] + uint64_t(offset));
      }
    [[unroll]] for (int s = 2; s < kTile; ++s) load_column(row, inside, left + s, affine, columns[s]);
    uint64_t at = out_tile;
    [[unroll]] for (int i = 0; i < kTile; ++i) {
      vec2 values[kTile];
      [[unroll]] for (int s = 0; s < kTile; ++s) values[s] = columns[s][i];
      transform_input(values);
      [[unroll]] for (int j = 0; j < kTile; ++j) {
        store_pair(at, values[j]);
        at += step;
      }
    }
    [[unroll]] for (int s = 0; s < 2; ++s) columns[s] = columns[kOutputs + s];
    out_tile += tile_bytes;
  }
  keep_touched(room == 0, tiles);
  if (tile_row == rows - 1) clear_following(out_tile, rows * tile_columns, tile_bytes, step);
}
