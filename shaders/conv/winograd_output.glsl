// The transform of a row of tiles on their way out of a Winograd convolution (conv/winograd.glsl).
#ifndef TUFF_CONV_WINOGRAD_OUTPUT_GLSL
#define TUFF_CONV_WINOGRAD_OUTPUT_GLSL
#include "conv/activation.glsl"
#include "conv/winograd.glsl"

// Of `count` tiles, the first of which is at `from`, `step` bytes from a position to the next, to the pixels from column
// `left` of the row at `line` on, of which there are `width` columns and `rows` rows below.
void transform_output_row(uint64_t from, uint tile_bytes, uint64_t step, uint count, uint64_t line, uint left, uint width, uint rows, uint pixel_bytes, VEC start, uint activation, float slope) {
  const uint64_t below = uint64_t(width) * pixel_bytes;
  for (uint tile = 0; tile < count; ++tile) {
    const uint64_t at = from + uint64_t(min(tile, count - 1) * tile_bytes);
    VEC columns[kTile][kOutputs];
    [[unroll]] for (int j = 0; j < kTile; ++j) {
      VEC m[kTile];
      [[unroll]] for (int i = 0; i < kTile; ++i) m[i] = load_lanes(kShared, at + uint64_t(i * kTile + j) * step);
      columns[j] = transform_output(m);
    }
    const uint first = left + tile * kOutputs;
    const uint64_t pixel = line + uint64_t(first) * pixel_bytes;
    [[unroll]] for (uint i = 0; i < kOutputs; ++i) {
      VEC m[kTile];
      [[unroll]] for (int j = 0; j < kTile; ++j) m[j] = columns[j][i];
      const VEC values[kOutputs] = transform_output(m);
      [[unroll]] for (uint j = 0; j < kOutputs; j += 2)
        store_two_stored_lanes(kShared, pixel + i * below + j * pixel_bytes, pixel_bytes, activated(values[j] + start, activation, slope),
                               activated(values[j + 1] + start, activation, slope), i < rows && first + j < width, i < rows && first + j + 1 < width);
    }
  }
}

#endif
