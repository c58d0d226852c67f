// Pooling windows of (N, D, H, W, C) tensors, C in vectors of kLanes. The push constants after the addresses.
#include "common/image.glsl"
#include "common/vector.glsl"

#define POOL_CONSTANTS \
  uint batch;          \
  uint vectors;        \
  int in_depth;        \
  int in_height;       \
  int in_width;        \
  int out_depth;       \
  int out_height;      \
  int out_width;       \
  int kernel[3];       \
  int stride[3];       \
  int padding[3];      \
  int dilation[3];     \
  uint count_include_pad;

// The windows (first, last) along one axis that may cover element i: a window at o covers from o * stride - padding
// to that + reach.
ivec2 covering(int i, int stride, int padding, int reach, int outputs) {
  int from = i + padding - reach;
  int first = from <= 0 ? 0 : int(divide(uint(from + stride - 1), uint(stride)));
  return ivec2(first, min(int(divide(uint(i + padding), uint(stride))), outputs - 1));
}
