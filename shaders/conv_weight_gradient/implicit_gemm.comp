// The weight gradient of a convolution for GPUs, as a matrix product whose left side is gathered from x while it is read
// into shared memory. One group of channels (no `groups`).
// x (N, D, H, W, C), upstream (N, D, H, W, O), partial (parts, taps, C, O).
//
// Rows are taps x input channels, columns output channels; the sum runs over one part of the output pixels, kDepth at a
// time; sum_parts.comp adds the parts. A workgroup of 128 computes 64 rows x 64 columns, an invocation 8 x 4 of them,
// 8 and 16 apart. 8.1 KiB of shared memory: fits the smallest device.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "conv/geometry.glsl"

layout(push_constant) uniform Push {
  StoredIn x;
  StoredIn upstream;
  FloatOut partial;
  CONV_GEOMETRY
  uint pixels_per_part;
};

const uint kTile = 64;
const uint kDepth = 16;
const uint kStride = kTile + 1;  // odd: a column of shared memory touches every bank
shared float rows[kDepth * kStride];
shared float columns[kDepth * kStride];

void main() {
  const uint lane = gl_LocalInvocationID.x;
  const uint weight_rows = kernel_d * kernel_h * kernel_w * in_channels;
  const uint row_tiles = (weight_rows + kTile - 1) / kTile, channel_tiles = (out_channels + kTile - 1) / kTile;
  const uint group = linear_group();
  const uint first_channel = group % channel_tiles * kTile;
  const uint first_row = group / channel_tiles % row_tiles * kTile;
  const uint part = group / (channel_tiles * row_tiles);
  const uint pixels = batch * out_d * out_h * out_w;
  const uint first_pixel = min(part * pixels_per_part, pixels), last_pixel = min(first_pixel + pixels_per_part, pixels);

  // The row that this invocation gathers.
  const uint row = first_row + lane % kTile;
  const uint at = row / in_channels, c = row % in_channels;
  const ivec3 t = ivec3(at % kernel_w, at / kernel_w % kernel_h, at / (kernel_w * kernel_h));

  float sum[8][4];
  for (uint i = 0; i < 8; ++i)
    for (uint j = 0; j < 4; ++j) sum[i][j] = 0.0;

  for (uint start = first_pixel; start < last_pixel; start += kDepth) {
    for (uint i = 0; i < 8; ++i) {
      const uint pixel = start + lane / kTile + 2 * i;
      uint rest = pixel / out_w;
      const int ix = conv_tap(int(pixel % out_w), t.x, stride_w, padding_w, dilation_w, int(in_w));
      const int iy = conv_tap(int(rest % out_h), t.y, stride_h, padding_h, dilation_h, int(in_h));
      rest /= out_h;
      const int iz = conv_tap(int(rest % out_d), t.z, stride_d, padding_d, dilation_d, int(in_d));
      float value = 0.0;
      if (pixel < last_pixel && row < weight_rows && ix >= 0 && iy >= 0 && iz >= 0)
        value = LOADED(x.at[(((rest / out_d * in_d + uint(iz)) * in_h + uint(iy)) * in_w + uint(ix)) * in_channels + c]);
      rows[(lane / kTile + 2 * i) * kStride + lane % kTile] = value;
      const uint channel = first_channel + lane % kTile;
      value = 0.0;
      if (pixel < last_pixel && channel < out_channels) value = LOADED(upstream.at[pixel * out_channels + channel]);
      columns[(lane / kTile + 2 * i) * kStride + lane % kTile] = value;
    }
    barrier();
    for (uint d = 0; d < kDepth; ++d) {
      float left[8], right[4];
      for (uint i = 0; i < 8; ++i) left[i] = rows[d * kStride + lane / 16 + 8 * i];
      for (uint j = 0; j < 4; ++j) right[j] = columns[d * kStride + lane % 16 + 16 * j];
      for (uint i = 0; i < 8; ++i)
        for (uint j = 0; j < 4; ++j) sum[i][j] = fma(left[i], right[j], sum[i][j]);
    }
    barrier();
  }

  // linear_group() may count groups beyond the last part, where the grid was folded.
  const uint parts = (pixels + pixels_per_part - 1) / pixels_per_part;
  if (part >= parts) return;
  for (uint i = 0; i < 8; ++i)
    for (uint j = 0; j < 4; ++j) {
      const uint to = first_row + lane / 16 + 8 * i, channel = first_channel + lane % 16 + 16 * j;
      if (to < weight_rows && channel < out_channels) partial.at[(part * weight_rows + to) * out_channels + channel] = sum[i][j];
    }
}
