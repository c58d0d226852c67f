// The output of a Winograd convolution (conv/winograd.glsl): y (N, H, W, O) from products (16, tiles, O), A^T m A of each
// tile, with bias (O) and activation. A workgroup is one subgroup and walks a row of tiles. Groups take the next channels,
// then the next row of tiles; `first_row` is the first of those in `products`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/half.glsl"
#include "conv/activation.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const uint kChannels = 2;
layout(constant_id = 4) const uint kOutH = 1;
layout(constant_id = 5) const uint kOutW = 1;
layout(constant_id = 6) const uint kTileRows = 1;     // of an image
layout(constant_id = 7) const uint kTileColumns = 1;  // of an image
layout(constant_id = 8) const uint kTiles = 1;        // for which `products` has room
layout(constant_id = 9) const bool kBias = false;
layout(constant_id = 10) const uint kActivation = 0;
layout(constant_id = 11) const float kSlope = 0;
layout(push_constant) uniform Push {
  uint64_t products;
  uint64_t bias;
  uint64_t y;
  uint first_row;
  uint rows;
};

#ifdef HALF_OUT
const uint kPixelBytes = kChannels * 2;
#else
const uint kPixelBytes = kChannels * 4;
#endif

void store(uint64_t address, vec2 value) {
  const vec2 result = vec2(activate(value.x, kActivation, kSlope), activate(value.y, kActivation, kSlope));
#ifdef HALF_OUT
  StoredVec2Out(address).at[0] = STORED_VEC2(result);
#else
  store_pair(address, result);
#endif
}

void main() {
  const uint across = kChannels / 2 / gl_WorkGroupSize.x;
  const uint tile_row = linear_group() / across;
  if (tile_row >= rows) return;
  const uint pair = linear_group() % across * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
  const uint image = (first_row + tile_row) / kTileRows;
  const uint top = (first_row + tile_row) % kTileRows * 2;
  const vec2 start = kBias ? load_pair(bias + pair * kPairBytes) : vec2(0.0);
  uint64_t tile = products + uint64_t(tile_row * kTileColumns) * (kChannels * 4) + pair * kPairBytes;
  uint64_t pixel = y + uint64_t((image * kOutH + top) * kOutW) * kPixelBytes + pair * (kPixelBytes / kChannels * 2);
  const uint64_t below = uint64_t(kOutW) * kPixelBytes;
  const bool two_rows = top + 1 < kOutH;
  for (uint tx = 0; tx < kTileColumns; ++tx) {
    vec2 columns[4][2];
    [[unroll]] for (int j = 0; j < 4; ++j) {
      vec2 m[4];
      [[unroll]] for (int i = 0; i < 4; ++i) m[i] = load_pair(tile + uint64_t(uint(i * 4 + j) * kTiles) * (kChannels * 4));
      columns[j] = transform_output(m[0], m[1], m[2], m[3]);
    }
    const vec2 upper[2] = transform_output(columns[0][0] + start, columns[1][0], columns[2][0], columns[3][0]);
    const vec2 lower[2] = transform_output(columns[0][1] + start, columns[1][1], columns[2][1], columns[3][1]);
    const bool two_columns = tx * 2 + 1 < kOutW;
    store(pixel, upper[0]);
    if (two_columns) store(pixel + kPixelBytes, upper[1] + start);
    if (two_rows) store(pixel + below, lower[0]);
    if (two_rows && two_columns) store(pixel + below + kPixelBytes, lower[1] + start);
    tile += kChannels * 4;
    pixel += kPixelBytes * 2;
  }
}
