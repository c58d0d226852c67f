// Pooling windows of (N, D, H, W, C) tensors, C in vectors of kLanes. The push constants after the addresses. Where the
// stride is 0, windows are adaptive: window o goes from floor(o in / out) to ceil((o + 1) in / out).
#include "common/image.glsl"
#include "common/vector.glsl"

#define POOL_CONSTANTS  \
  uint batch;           \
  uint vectors;         \
  int in_depth;         \
  int in_height;        \
  int in_width;         \
  int out_depth;        \
  int out_height;       \
  int out_width;        \
  int kernel[3];        \
  int stride[3];        \
  int padding[3];       \
  int padding_end[3];   \
  int dilation[3];      \
  uint count_include_pad; \
  int divisor_override;

// Along `axis` of 0 to 2, whose extent is `extent` in the input and `outputs` in the output.
#define WINDOW(o, axis, extent, outputs) \
  window_of(o, stride[axis], padding[axis], kernel[axis], dilation[axis], extent, outputs)
#define COVERING(i, axis, extent, outputs) \
  covering(i, stride[axis], padding[axis], dilation[axis] * (kernel[axis] - 1), extent, outputs)

// The elements inside the input: first, first + step, ... below end.
struct Window {
  int first;
  int end;
  int step;
};

int quotient(int n, int d) { return d == 1 ? n : int(divide(uint(n), uint(d))); }

Window window_of(int o, int stride, int padding, int kernel, int dilation, int extent, int outputs) {
  if (stride == 0) return Window(quotient(o * extent, outputs), quotient((o + 1) * extent + outputs - 1, outputs), 1);
  int start = o * stride - padding;
  int first = start >= 0 ? start : start + quotient(dilation - 1 - start, dilation) * dilation;
  return Window(first, min(start + (kernel - 1) * dilation + 1, extent), dilation);
}

// The windows (first, last) along one axis that may cover element i: a window at o covers from o * stride - padding
// to that + reach.
ivec2 covering(int i, int stride, int padding, int reach, int extent, int outputs) {
  if (stride == 0) return ivec2(quotient(i * outputs, extent), quotient((i + 1) * outputs - 1, extent));
  int from = i + padding - reach;
  int first = from <= 0 ? 0 : quotient(from + stride - 1, stride);
  return ivec2(first, min(quotient(i + padding, stride), outputs - 1));
}
