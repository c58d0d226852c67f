// A convolution or transposed convolution along rows of output pixels: its geometry, and where taps read.
#ifndef TUFF_ROW_TAPS_GLSL
#define TUFF_ROW_TAPS_GLSL

layout(constant_id = 3) const uint kInChannels = 1;
layout(constant_id = 4) const uint kOutChannels = 1;
layout(constant_id = 5) const int kInD = 1;
layout(constant_id = 6) const int kInH = 1;
layout(constant_id = 7) const int kInW = 1;
layout(constant_id = 8) const int kOutD = 1;
layout(constant_id = 9) const int kOutH = 1;
layout(constant_id = 10) const int kOutW = 1;
layout(constant_id = 11) const int kKernelD = 1;
layout(constant_id = 12) const int kKernelH = 1;
layout(constant_id = 13) const int kKernelW = 1;
layout(constant_id = 14) const int kStrideD = 1;
layout(constant_id = 15) const int kStrideH = 1;
layout(constant_id = 16) const int kPaddingD = 0;
layout(constant_id = 17) const int kPaddingH = 0;
layout(constant_id = 18) const int kDilationD = 1;
layout(constant_id = 19) const int kDilationH = 1;
layout(constant_id = 20) const bool kTransposed = false;
// Along the row: output column = kResidue + kOutStep * j; tap number t of kTaps is kernel column
// kFirstTap + t * kTapStep and reads input column j * kInStep + kFirstInput + t * kTapInput.
layout(constant_id = 21) const int kResidue = 0;
layout(constant_id = 22) const int kOutStep = 1;
layout(constant_id = 23) const int kInStep = 1;
layout(constant_id = 24) const int kTaps = 1;
layout(constant_id = 25) const int kFirstTap = 0;
layout(constant_id = 26) const int kTapStep = 1;
layout(constant_id = 27) const int kFirstInput = 0;
layout(constant_id = 28) const int kTapInput = 1;
layout(constant_id = 29) const int kLeast = 0;      // the leftmost input column of a strip, from j * kInStep
layout(constant_id = 30) const int kStrip = 1;      // columns of a strip
layout(constant_id = 31) const bool kBias = false;
layout(constant_id = 32) const uint kActivation = 0;
layout(constant_id = 33) const float kSlope = 0;
layout(constant_id = 34) const int kPixels = 8;
layout(constant_id = 35) const uint kBatch = 1;
layout(constant_id = 36) const uint kGroups = 1;

const uint kGroupInputs = kInChannels / kGroups;

// The input coordinate of tap k at output coordinate o along D or H, or -1.
int tap(int o, int k, int stride, int padding, int dilation, int extent) {
  const int t = kTransposed ? o + padding - k * dilation : o * stride - padding + k * dilation;
  const int i = kTransposed ? t / stride : t;
  const bool there = t >= 0 && i < extent && (!kTransposed || i * stride == t);
  return there ? i : -1;
}

#endif
