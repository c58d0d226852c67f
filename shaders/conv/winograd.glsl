// Winograd's F(2x2, 3x3) (Lavin and Gray 2015): 2x2 neighbouring outputs of a 3x3 convolution from the 4x4 inputs under
// them with 16 multiplications instead of 36. y = A^T ((G w G^T) * (B^T x B)) A, where * is a product of elements; summed
// over input channels it is 16 matrix products. Each function is one dimension of a transform.
//
// For CPU drivers whose subgroups are a CPU's vectors: lanes take neighbouring pairs of channels. Such drivers load and
// store lane by lane, some 50 instructions for each, so two floats travel as one 64-bit integer. Channels and extents come
// with the dispatch: few pipelines, which such drivers take 0.1 to 1 s each to compile, then serve all layers and sizes.
#ifndef TUFF_WINOGRAD_GLSL
#define TUFF_WINOGRAD_GLSL
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "common/divide.glsl"
#include "common/pairs.glsl"

const int kPositions = 16;  // of a 4x4 tile

// The gradient's product takes tiles by fours: zeros for the three that may follow the last, whose 16 positions lie `step` bytes apart.
void clear_following(uint64_t tile, uint count, uint tile_bytes, uint64_t step) {
  for (uint t = count; t % 4 != 0; ++t) {
    [[unroll]] for (int i = 0; i < kPositions; ++i) store_pair(tile + uint64_t(i) * step, vec2(0.0));
    tile += tile_bytes;
  }
}

// B^T x
void transform_input(inout vec2 x[4]) {
  x[0] -= x[2];
  const vec2 sum = x[1] + x[2], difference = x[2] - x[1];
  x[3] = x[1] - x[3];
  x[1] = sum;
  x[2] = difference;
}

// G w
vec2[4] transform_weight(vec2 w0, vec2 w1, vec2 w2) {
  const vec2 ends = 0.5 * (w0 + w2), middle = 0.5 * w1;
  return vec2[4](w0, ends + middle, ends - middle, w2);
}

// A^T m
vec2[2] transform_output(vec2 m0, vec2 m1, vec2 m2, vec2 m3) { return vec2[2](m0 + m1 + m2, m1 - m2 - m3); }

// A y, the transposed of transform_output
vec2[4] transform_upstream(vec2 y0, vec2 y1) { return vec2[4](y0, y0 + y1, y0 - y1, -y1); }

// G^T m, the transposed of transform_weight
vec2[3] transform_weight_gradient(vec2 m0, vec2 m1, vec2 m2, vec2 m3) {
  const vec2 sum = 0.5 * (m1 + m2), difference = 0.5 * (m1 - m2);
  return vec2[3](m0 + sum, difference, sum + m3);
}

#endif
