// A convolution or transposed convolution along rows of output pixels: its geometry, and where taps read. Extents of
// images come with the dispatch, so that a pipeline serves images of all sizes, and so does what tells classes of columns
// apart.
#ifndef TUFF_ROW_TAPS_GLSL
#define TUFF_ROW_TAPS_GLSL
#include "common/divide.glsl"

// The end of the push constants.
struct Extents {
  int in_d, in_h, in_w, out_d, out_h, out_w;
  uint batch;
  int residue, first_tap;
};

layout(constant_id = 3) const uint kInChannels = 1;
layout(constant_id = 4) const uint kOutChannels = 1;
layout(constant_id = 5) const int kKernelD = 1;
layout(constant_id = 6) const int kKernelH = 1;
layout(constant_id = 7) const int kKernelW = 1;
layout(constant_id = 8) const int kStrideD = 1;
layout(constant_id = 9) const int kStrideH = 1;
layout(constant_id = 10) const int kPaddingD = 0;
layout(constant_id = 11) const int kPaddingH = 0;
layout(constant_id = 12) const int kDilationD = 1;
layout(constant_id = 13) const int kDilationH = 1;
layout(constant_id = 14) const bool kTransposed = false;
// Along the row: output column = residue + kOutStep * j; tap number t of kTaps is kernel column
// first_tap + t * kTapStep and reads input column j * kInStep + kFirstInput + t * kTapInput.
layout(constant_id = 15) const int kOutStep = 1;
layout(constant_id = 16) const int kInStep = 1;
layout(constant_id = 17) const int kTaps = 1;
layout(constant_id = 18) const int kTapStep = 1;
layout(constant_id = 19) const int kFirstInput = 0;
layout(constant_id = 20) const int kTapInput = 1;
layout(constant_id = 21) const int kLeast = 0;      // the leftmost input column of a strip, from j * kInStep
layout(constant_id = 22) const int kStrip = 1;      // columns of a strip
layout(constant_id = 23) const bool kBias = false;
layout(constant_id = 24) const uint kActivation = 0;
layout(constant_id = 25) const float kSlope = 0;
layout(constant_id = 26) const int kPixels = 8;
layout(constant_id = 27) const uint kGroups = 1;
layout(constant_id = 28) const int kWithin = 0;     // columns of a strip, from its first on, that lie before the row's end in every block

const uint kGroupInputs = kInChannels / kGroups;

// The input coordinate of tap k at output coordinate o along D or H, or -1.
int tap(int o, int k, int stride, int padding, int dilation, int extent) {
  const int t = kTransposed ? o + padding - k * dilation : o * stride - padding + k * dilation;
  const int i = kTransposed ? t / stride : t;
  const bool there = t >= 0 && i < extent && (!kTransposed || i * stride == t);
  return there ? i : -1;
}

// kPixels output columns of a row. The last block of a row lies so that it ends with it and begins in the one before.
struct Block {
  int first;   // number j of its first column
  int begin;   // of the first that isn't the block's before
  int end;     // number of columns of the row
  uint row;    // of all
  uint n;      // image, `batch` and more beyond the last
  int oz, oy;
};

Block block_at(uint index, Extents e) {
  Block block;
  block.end = (e.out_w - e.residue + kOutStep - 1) / kOutStep;
  const uint blocks = uint((block.end + kPixels - 1) / kPixels);  // of a row
  block.row = divide(index, blocks);
  block.begin = int(index - block.row * blocks) * kPixels;
  block.first = min(block.begin, max(block.end - kPixels, 0));
  const uint plane = divide(block.row, uint(e.out_h));
  block.oy = int(block.row - plane * uint(e.out_h));
  block.n = divide(plane, uint(e.out_d));
  block.oz = int(plane - block.n * uint(e.out_d));
  return block;
}

#endif
