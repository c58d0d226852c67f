// The transformed upstream of a Winograd weight gradient (conv/winograd.glsl): tiles (positions, tiles, O), A y A^T of
// each 2x2 or 4x4 pixels of upstream (N, H, W, O), 0 beyond it. A workgroup is one subgroup and walks a row of tiles.
// Groups take the next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv_weight_gradient/winograd_upstream.glsl"
layout(push_constant) uniform Push {
  uint64_t upstream;
  uint64_t tiles;
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
  // Loads that all lanes share are done even then.
  const uint tile_row = min(linear_group() / across, rows - 1);
  const uint image = divide(first_row + tile_row, tile_rows);
  const uint top = (first_row + tile_row - image * tile_rows) * kOutputs;
  const uint pixel_bytes = channels * kInBytes, tile_bytes = channels * 4;
  const uint first_vec = block * gl_WorkGroupSize.x;
  const uint in_bytes = first_vec * (kInBytes * VECTOR) + lane_bytes(kShared, kInBytes * VECTOR);
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  uint64_t out_tile = tiles + uint64_t(tile_row * tile_columns) * tile_bytes + first_vec * kVecBytes + store_bytes(kShared, 4);
  const uint64_t pixels = upstream + uint64_t(image * out_h * out_w) * pixel_bytes + in_bytes;
  out_tile = transform_upstream_row(pixels, top, out_h, out_w, pixel_bytes, 0, tile_columns, out_tile, tile_bytes, step);
  if (tile_row == rows - 1) clear_following(out_tile, rows * tile_columns, tile_bytes, step);
}
