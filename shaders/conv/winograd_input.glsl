// The transform of a row of tiles on their way into a Winograd convolution (conv/winograd.glsl).
#ifndef TUFF_CONV_WINOGRAD_INPUT_GLSL
#define TUFF_CONV_WINOGRAD_INPUT_GLSL
#include "conv/winograd.glsl"

// An image's rows under a row of tiles, from the lane's channels of their first pixels on.
struct InputRows {
  uint64_t at[kTile];
  bool inside[kTile];  // the image
  int width;
  uint pixel_bytes;
};

InputRows input_rows(uint64_t image, int top, int height, int width, uint pixel_bytes) {
  InputRows rows;
  rows.width = width;
  rows.pixel_bytes = pixel_bytes;
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    rows.inside[i] = top + i >= 0 && top + i < height;
    rows.at[i] = image + uint64_t(uint(clamp(top + i, 0, height - 1)) * uint(width)) * pixel_bytes;
  }
  return rows;
}

// What a batch norm does to a pixel, the same arithmetic as in normalize/affine.glsl, to the bit.
struct Affine {
  VEC mean, factor, bias;
  bool relu;  // follows
};

float relu(float x) { return x <= 0.0 ? 0.0 : x; }
vec2 relu(vec2 x) { return vec2(relu(x.x), relu(x.y)); }

VEC normalized(VEC value, Affine a) {
  precise VEC scaled = (value - a.mean) * a.factor;
  precise VEC y = scaled + a.bias;
  return a.relu ? relu(y) : y;
}

// Of the lane's channels; `at`: bytes to the first lane's.
Affine load_affine(uint64_t mean, uint64_t variance, uint64_t weight, uint64_t bias, uint64_t at, float eps, bool has_weights, bool with_relu) {
  at += lane_bytes(kShared, kVecBytes);
  const VEC deviation = 1.0 / sqrt(load_lanes(kShared, variance + at) + eps);
  return Affine(load_lanes(kShared, mean + at), (has_weights ? load_lanes(kShared, weight + at) : VEC(1.0)) * deviation,
                has_weights ? load_lanes(kShared, bias + at) : VEC(0.0), with_relu);
}

// A column of the tile's rows, transformed; `norm`, a constant: after `affine`.
void load_column(InputRows rows, int at, bool norm, Affine affine, out VEC column[kTile]) {
  const bool there = at >= 0 && at < rows.width;
  const uint offset = uint(clamp(at, 0, rows.width - 1)) * rows.pixel_bytes;
  [[unroll]] for (int i = 0; i < kTile; ++i) {
    VEC value = load_stored_lanes(kShared, rows.at[i] + uint64_t(offset));
    if (norm) value = normalized(value, affine);
    column[i] = there && rows.inside[i] ? value : VEC(0.0);
  }
  transform_input(column);
}

// Of `count` tiles, the first of which begins at column `left`, to `to` and the tiles that follow, `step` bytes from a
// position to the next. Returns what follows the last.
uint64_t transform_input_row(InputRows rows, int left, uint count, bool norm, Affine affine, uint64_t to, uint tile_bytes, uint64_t step) {
  VEC columns[kTile][kTile];
  [[unroll]] for (int s = 0; s < 2; ++s) load_column(rows, left + s, norm, affine, columns[s]);
  for (uint tile = 0; tile < count; ++tile) {
    [[unroll]] for (int s = 2; s < kTile; ++s)
      load_column(rows, left + int(tile) * kOutputs + s, norm, affine, columns[s]);
    uint64_t at = to;
    [[unroll]] for (int i = 0; i < kTile; ++i) {
      VEC values[kTile];
      [[unroll]] for (int s = 0; s < kTile; ++s) values[s] = columns[s][i];
      transform_input(values);
      [[unroll]] for (int j = 0; j < kTile; j += 2) {
        store_two_lanes(kShared, at, step, values[j], values[j + 1]);
        at += 2 * step;
      }
    }
    [[unroll]] for (int s = 0; s < 2; ++s) columns[s] = columns[kOutputs + s];
    to += tile_bytes;
  }
  return to;
}

#endif
