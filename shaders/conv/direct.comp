// Convolution and transposed convolution, any geometry, on any device: the portable kernel.
// x (N, D, H, W, C), weight (taps, C / groups, O), transposed (taps, C, O / groups), y (N, D, H, W, O), bias (O).
// One invocation computes one element of y; neighbours compute neighbouring output channels, so they read
// neighbouring weights and the same x.
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

int tap(int o, int k, int stride, int padding, int dilation, int extent) {
  return kTransposed ? conv_transposed_tap(o, k, stride, padding, dilation, extent)
                     : conv_tap(o, k, stride, padding, dilation, extent);
}

void main() {
  const uint index = linear_invocation();
  const uint channel = index % out_channels;
  uint rest = index / out_channels;
  const int ox = int(rest % out_w);
  rest /= out_w;
  const int oy = int(rest % out_h);
  rest /= out_h;
  const int oz = int(rest % out_d);
  const uint n = rest / out_d;
  if (n >= batch) return;

  const uint group_inputs = in_channels / channel_groups;
  const uint first_input = channel / (out_channels / channel_groups) * group_inputs;
  // Transposed weights are (taps, C, O / groups): a row holds the outputs of the input channel's own group.
  const uint row = kTransposed ? out_channels / channel_groups : out_channels;
  const uint rows = kTransposed ? in_channels : group_inputs;
  const uint corner = kTransposed ? first_input * row + channel % row : channel;
  float sum = kBias ? bias.at[channel] : 0.0;
  uint k = 0;
  for (uint kz = 0; kz < kernel_d; ++kz) {
    const int iz = tap(oz, int(kz), stride_d, padding_d, dilation_d, int(in_d));
    for (uint ky = 0; ky < kernel_h; ++ky) {
      const int iy = tap(oy, int(ky), stride_h, padding_h, dilation_h, int(in_h));
      for (uint kx = 0; kx < kernel_w; ++kx, ++k) {
        const int ix = tap(ox, int(kx), stride_w, padding_w, dilation_w, int(in_w));
        if (iz < 0 || iy < 0 || ix < 0) continue;
        const uint from = (((n * in_d + uint(iz)) * in_h + uint(iy)) * in_w + uint(ix)) * in_channels + first_input;
        const uint with = k * rows * row + corner;
        for (uint c = 0; c < group_inputs; ++c) sum += LOADED(x.at[from + c]) * weight.at[with + c * row];
      }
    }
  }
  y.at[index] = STORED(activate(sum, kActivation, kSlope));
}
