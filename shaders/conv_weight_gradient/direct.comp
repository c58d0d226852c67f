// The weight gradient of a convolution, any geometry, on any device: the portable kernel.
// x (N, D, H, W, C), upstream (N, D, H, W, O), partial (parts, taps, C / groups, O).
// One invocation sums one weight's products over one part of the rows of output pixels; sum_parts.comp adds the
// parts. Rows are summed on their own first, which keeps long sums precise.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "conv/geometry.glsl"

layout(push_constant) uniform Push {
  StoredIn x;
  StoredIn upstream;
  FloatOut partial;
  CONV_GEOMETRY
  uint parts;
};

void main() {
  const uint group_inputs = in_channels / channel_groups;
  const uint weights = kernel_d * kernel_h * kernel_w * group_inputs * out_channels;
  const uint part = linear_invocation() / weights;
  if (part >= parts) return;
  const uint index = linear_invocation() - part * weights;
  const uint channel = index % out_channels;
  uint rest = index / out_channels;
  const uint input_channel = channel / (out_channels / channel_groups) * group_inputs + rest % group_inputs;
  rest /= group_inputs;
  const int kx = int(rest % kernel_w);
  rest /= kernel_w;
  const int ky = int(rest % kernel_h);
  const int kz = int(rest / kernel_h);

  float sum = 0.0;
  for (uint row = part; row < batch * out_d * out_h; row += parts) {
    const int iy = conv_tap(int(row % out_h), ky, stride_h, padding_h, dilation_h, int(in_h));
    const int iz = conv_tap(int(row / out_h % out_d), kz, stride_d, padding_d, dilation_d, int(in_d));
    if (iy < 0 || iz < 0) continue;
    const uint in_row = ((row / (out_h * out_d) * in_d + uint(iz)) * in_h + uint(iy)) * in_w;
    float row_sum = 0.0;
    for (uint ox = 0; ox < out_w; ++ox) {
      const int ix = conv_tap(int(ox), kx, stride_w, padding_w, dilation_w, int(in_w));
      if (ix < 0) continue;
      row_sum += LOADED(x.at[(in_row + uint(ix)) * in_channels + input_channel]) * LOADED(upstream.at[(row * out_w + ox) * out_channels + channel]);
    }
    sum += row_sum;
  }
  partial.at[part * weights + index] = sum;
}
