// The transform of a row of tiles of the upstream of a Winograd weight gradient (conv/winograd.glsl).
#ifndef TUFF_CONV_WEIGHT_GRADIENT_WINOGRAD_UPSTREAM_GLSL
#define TUFF_CONV_WEIGHT_GRADIENT_WINOGRAD_UPSTREAM_GLSL
#include "conv/winograd.glsl"

// Of `count` tiles, the first of which begins at column `left` of the image's row `top`, to `to` and the tiles that
// follow, `step` bytes from a position to the next. `image`: the lane's channels of the first pixel. Returns what follows
// the last.
uint64_t transform_upstream_row(uint64_t image, uint top, uint height, uint width, uint pixel_bytes, uint left, uint count, uint64_t to, uint tile_bytes, uint64_t step) {
  uint64_t row[kOutputs];  // the channels of a row's first pixel
  [[unroll]] for (int i = 0; i < kOutputs; ++i) row[i] = image + uint64_t(min(top + i, height - 1) * width) * pixel_bytes;
  for (uint tile = 0; tile < count; ++tile) {
    VEC columns[kOutputs][kTile];
    [[unroll]] for (uint j = 0; j < kOutputs; ++j) {
      const uint column = left + tile * kOutputs + j;
      const uint64_t offset = uint64_t(min(column, width - 1)) * pixel_bytes;
      VEC y[kOutputs];
      [[unroll]] for (int i = 0; i < kOutputs; ++i) {
        const VEC value = load_stored_lanes(kShared, row[i] + offset);
        y[i] = column < width && top + i < height ? value : VEC(0.0);
      }
      columns[j] = transform_upstream(y);
    }
    uint64_t at = to;
    [[unroll]] for (int i = 0; i < kTile; ++i) {
      VEC y[kOutputs];
      [[unroll]] for (int j = 0; j < kOutputs; ++j) y[j] = columns[j][i];
      const VEC values[kTile] = transform_upstream(y);
      [[unroll]] for (int j = 0; j < kTile; j += 2) {
        store_two_lanes(kShared, at, step, values[j], values[j + 1]);
        at += 2 * step;
      }
    }
    to += tile_bytes;
  }
  return to;
}

#endif
