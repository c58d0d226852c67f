// Geometry of a convolution as run-time values: the 22 words of push_constants(ConvGeometry).
#ifndef TUFF_CONV_GEOMETRY_GLSL
#define TUFF_CONV_GEOMETRY_GLSL

#define CONV_GEOMETRY                                                                    \
  uint in_d, in_h, in_w, out_d, out_h, out_w, kernel_d, kernel_h, kernel_w;              \
  int stride_d, stride_h, stride_w, padding_d, padding_h, padding_w;                     \
  int dilation_d, dilation_h, dilation_w;                                                \
  uint in_channels, out_channels, channel_groups, batch;

// Input coordinate of output coordinate o and kernel tap k along one axis, or -1 where there is none.
int conv_tap(int o, int k, int stride, int padding, int dilation, int extent) {
  const int i = o * stride - padding + k * dilation;
  return i < extent ? max(i, -1) : -1;
}

int conv_transposed_tap(int o, int k, int stride, int padding, int dilation, int extent) {
  const int t = o + padding - k * dilation;
  const int i = stride == 1 ? t : t / stride;  // a division costs more than the rest
  return t >= 0 && i * stride == t && i < extent ? i : -1;
}

#endif
