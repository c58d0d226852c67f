// The output of a Winograd convolution (conv/winograd.glsl): y (N, H, W, O) from products (positions, tiles, O), A^T m
// A of each tile, with bias (O) and activation. A workgroup is one subgroup and walks a row of tiles. Groups take the
// next channels, then the next row of tiles; `first_row` is the first of those in `products`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/lanes.glsl"
#include "conv/activation.glsl"
#include "conv/winograd.glsl"
layout(constant_id = 3) const bool kShared = false;  // loads, see load_lanes
layout(constant_id = 4) const bool kBias = false;
layout(constant_id = 5) const uint kActivation = 0;
layout(constant_id = 6) const float kSlope = 0;
layout(push_constant) uniform Push {
  uint64_t products;
  uint64_t bias;
  uint64_t y;
  uint first_row;
  uint rows;
  uint out_h;
  uint out_w;
  uint tile_rows;  // of an image
  uint tile_columns;
  uint channels;
  uint room;  // tiles that there is room for
};

#ifdef HALF_OUT
const uint kStoredBytes = 2;
#else
const uint kStoredBytes = 4;
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
  const uint across = channels / 2 / gl_WorkGroupSize.x, block = linear_group() % across;
  if (linear_group() / across >= rows) return;
  // Loads that all lanes share are done even then.
  const uint tile_row = min(linear_group() / across, rows - 1);
  const uint first_pair = block * gl_WorkGroupSize.x, pair = first_pair + gl_SubgroupInvocationID;
  const uint image = divide(first_row + tile_row, tile_rows);
  const uint top = (first_row + tile_row - image * tile_rows) * kOutputs;
  const vec2 start = kBias ? load_pair(bias + pair * kPairBytes) : vec2(0.0);
  const uint tile_bytes = channels * 4, pixel_bytes = channels * kStoredBytes;
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  const uint64_t first_tile = products + uint64_t(tile_row * tile_columns) * tile_bytes + first_pair * kPairBytes + lane_bytes(kShared, kPairBytes);
  uint64_t pixel = y + uint64_t((image * out_h + top) * out_w) * pixel_bytes + pair * (kStoredBytes * 2);
  const uint64_t below = uint64_t(out_w) * pixel_bytes;
  for (uint tx = 0; tx < tile_columns; ++tx) {
    const uint64_t tile = first_tile + uint64_t(min(tx, tile_columns - 1) * tile_bytes);
    vec2 columns[kTile][kOutputs];
    [[unroll]] for (int j = 0; j < kTile; ++j) {
      vec2 m[kTile];
      [[unroll]] for (int i = 0; i < kTile; ++i) m[i] = load_lanes(kShared, tile + uint64_t(i * kTile + j) * step);
      columns[j] = transform_output(m);
    }
    [[unroll]] for (uint i = 0; i < kOutputs; ++i) {
      vec2 m[kTile];
      [[unroll]] for (int j = 0; j < kTile; ++j) m[j] = columns[j][i];
      const vec2 line[kOutputs] = transform_output(m);
      [[unroll]] for (uint j = 0; j < kOutputs; ++j)
        if (top + i < out_h && tx * kOutputs + j < out_w) store(pixel + i * below + j * pixel_bytes, line[j] + start);
    }
    pixel += pixel_bytes * kOutputs;
  }
}
