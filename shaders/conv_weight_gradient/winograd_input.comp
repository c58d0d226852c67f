// The transformed input of a Winograd weight gradient (conv/winograd.glsl): tiles (positions, tiles, C) from x (N, H, W,
// C), where tile (n, ty, tx) is B^T x B of the pixels that begin at row kOutputs ty - kPaddingH and column kOutputs tx
// - kPaddingW, 0 beyond the image. A workgroup is one subgroup and walks a row of tiles, each of which shares two
// columns with its neighbour.
// Groups take the next channels, then the next row of tiles; `first_row` is the first of those in `tiles`.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "conv/winograd_input.glsl"
layout(constant_id = 3) const int kPaddingH = 0;
layout(constant_id = 4) const int kPaddingW = 0;
layout(constant_id = 5) const bool kNorm = false;  // x is what a batch norm is applied to, whose output is meant
layout(constant_id = 6) const bool kAffine = false;
layout(constant_id = 7) const bool kRelu = false;
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

void main() {
  const uint across = channels / VECTOR / gl_WorkGroupSize.x, block = linear_group() % across;
  if (linear_group() / across >= rows) return;
  // Loads that all lanes share are done even then.
  const uint tile_row = min(linear_group() / across, rows - 1);
  const uint image = divide(first_row + tile_row, tile_rows);
  const int top = int(first_row + tile_row - image * tile_rows) * kOutputs - kPaddingH;
  const uint pixel_bytes = channels * kInBytes, tile_bytes = tile_channels * 4;
  const uint first_vec = block * gl_WorkGroupSize.x;
  const uint in_bytes = first_vec * (kInBytes * VECTOR) + lane_bytes(kShared, kInBytes * VECTOR);
  const uint64_t pixels = x + uint64_t(image * uint(in_h) * uint(in_w)) * pixel_bytes + in_bytes;
  const uint64_t step = uint64_t(room) * tile_bytes;  // from a position to the next
  uint64_t out_tile = tiles + uint64_t(tile_row * tile_columns) * tile_bytes + first_vec * kVecBytes + store_bytes(kShared, 4);
  Affine affine;
  if (kNorm) affine = load_affine(mean, variance, weight, bias, uint64_t(first_vec) * kVecBytes, eps, kAffine, kRelu);
  out_tile = transform_input_row(input_rows(pixels, top, in_h, in_w, pixel_bytes), -kPaddingW, tile_columns, kNorm, affine, out_tile, tile_bytes, step);
  if (tile_row == rows - 1) clear_following(out_tile, rows * tile_columns, tile_bytes, step);
}
