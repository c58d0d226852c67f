// The output of a Winograd convolution (conv/winograd.glsl): y (N, H, W, O) from products (positions, tiles, O), A^T m
// A of each tile, with bias (O) and activation. A workgroup is one subgroup and walks a row of tiles. Groups take the
// next channels, then the next row of tiles; `first_row` is the first of those in `products`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd_output.glsl"
layout(constant_id = 3) const bool kBias = false;
layout(constant_id = 4) const uint kActivation = 0;
layout(constant_id = 5) const float kSlope = 0;
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

void main() {
  const uint across = channels / VECTOR / gl_WorkGroupSize.x, block = linear_group() % across;
  if (linear_group() / across >= rows) return;
  const uint tile_row = linear_group() / across;
  const uint first_vec = block * gl_WorkGroupSize.x;
  const uint image = divide(first_row + tile_row, tile_rows);
  const uint top = (first_row + tile_row - image * tile_rows) * kOutputs;
  const VEC start = kBias ? load_lanes(kShared, bias + first_vec * kVecBytes + lane_bytes(kShared, kVecBytes)) : VEC(0.0);
  const uint tile_bytes = channels * 4, pixel_bytes = channels * kOutBytes;
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  const uint64_t first_tile = products + uint64_t(tile_row * tile_columns) * tile_bytes + first_vec * kVecBytes + lane_bytes(kShared, kVecBytes);
  const uint64_t line = y + uint64_t((image * out_h + top) * out_w) * pixel_bytes + first_vec * (kOutBytes * VECTOR) + store_bytes(kShared, kOutBytes);
  transform_output_row(first_tile, tile_bytes, step, tile_columns, line, 0, out_w, out_h - top, pixel_bytes, start, kActivation, kSlope);
}
