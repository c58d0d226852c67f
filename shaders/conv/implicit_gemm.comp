// Convolution and transposed convolution for GPUs, as a matrix product whose left side is gathered from x while it is
// read into shared memory. One group of channels (no `groups`).
// x (N, D, H, W, C), weight (taps, C, O), y (N, D, H, W, O), bias (O).
//
// Rows are output pixels, columns output channels; the sum runs over taps x input channels, kDepth at a time. A
// workgroup of 128 computes 64 rows x 64 columns, an invocation 8 x 4 of them, 8 and 16 apart, so that neighbours read
// neighbouring words of shared memory. 8.1 KiB of shared memory: fits the smallest device.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "conv/activation.glsl"
#include "conv/geometry.glsl"

layout(constant_id = 3) const bool kTransposed = false;
layout(constant_id = 4) const bool kBias = false;
layout(constant_id = 5) const uint kActivation = 0;
layout(constant_id = 6) const float kSlope = 0;
layout(push_constant) uniform Push {
  StoredIn x;
  FloatIn weight;
  FloatIn bias;
  StoredOut y;
  CONV_GEOMETRY
};

const uint kTile = 64;
const uint kDepth = 16;
const uint kStride = kTile + 1;  // odd: a column of shared memory touches every bank
shared float rows[kDepth * kStride];
shared float columns[kDepth * kStride];

int tap(int o, int k, int stride, int padding, int dilation, int extent) {
  return kTransposed ? conv_transposed_tap(o, k, stride, padding, dilation, extent)
                     : conv_tap(o, k, stride, padding, dilation, extent);
}

void main() {
  const uint lane = gl_LocalInvocationID.x;
  const uint channel_tiles = (out_channels + kTile - 1) / kTile;
  const uint group = linear_group();
  const uint first_channel = group % channel_tiles * kTile;
  const uint first_pixel = group / channel_tiles * kTile;
  const uint pixels = batch * out_d * out_h * out_w;
  const uint depth = kernel_d * kernel_h * kernel_w * in_channels;

  // The pixels that this invocation gathers: coordinates, and the sample's first row of x.
  ivec3 out_at[8];
  uint sample_row[8];
  for (uint i = 0; i < 8; ++i) {
    uint rest = min(first_pixel + lane / kDepth + 8 * i, pixels - 1);
    out_at[i].x = int(rest % out_w);
    rest /= out_w;
    out_at[i].y = int(rest % out_h);
    rest /= out_h;
    out_at[i].z = int(rest % out_d);
    sample_row[i] = rest / out_d * in_d;
  }

  float sum[8][4];
  for (uint i = 0; i < 8; ++i)
    for (uint j = 0; j < 4; ++j) sum[i][j] = 0.0;

  for (uint start = 0; start < depth; start += kDepth) {
    const uint k = start + lane % kDepth;
    const uint at = k / in_channels, c = k % in_channels;
    const ivec3 t = ivec3(at % kernel_w, at / kernel_w % kernel_h, at / (kernel_w * kernel_h));
    for (uint i = 0; i < 8; ++i) {
      const int ix = tap(out_at[i].x, t.x, stride_w, padding_w, dilation_w, int(in_w));
      const int iy = tap(out_at[i].y, t.y, stride_h, padding_h, dilation_h, int(in_h));
      const int iz = tap(out_at[i].z, t.z, stride_d, padding_d, dilation_d, int(in_d));
      float value = 0.0;
      if (k < depth && ix >= 0 && iy >= 0 && iz >= 0)
        value = LOADED(x.at[(((sample_row[i] + uint(iz)) * in_h + uint(iy)) * in_w + uint(ix)) * in_channels + c]);
      rows[lane % kDepth * kStride + lane / kDepth + 8 * i] = value;
    }
    for (uint i = 0; i < 8; ++i) {
      const uint wk = start + lane / kTile + 2 * i, channel = first_channel + lane % kTile;
      float value = 0.0;
      if (wk < depth && channel < out_channels) value = weight.at[wk * out_channels + channel];
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

  for (uint j = 0; j < 4; ++j) {
    const uint channel = first_channel + lane % 16 + 16 * j;
    if (channel >= out_channels) continue;
    const float start = kBias ? bias.at[channel] : 0.0;
    for (uint i = 0; i < 8; ++i) {
      const uint pixel = first_pixel + lane / 16 + 8 * i;
      if (pixel < pixels) y.at[pixel * out_channels + channel] = STORED(activate(sum[i][j] + start, kActivation, kSlope));
    }
  }
}
