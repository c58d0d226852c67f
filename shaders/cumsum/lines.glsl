// Lines of `extent` elements, `inner` apart, in blocks of `steps` counted from where sums begin. One invocation a block.
#ifndef TUFF_CUMSUM_LINES_GLSL
#define TUFF_CUMSUM_LINES_GLSL
#include "common/buffers.glsl"
#include "common/compensated.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

// Where the line of block i begins in memory.
uint line_start(uint i, uint blocks, uint extent, uint inner) {
  uint line = divide(i, blocks);
  uint outer = divide(line, inner);
  return outer * extent * inner + line - outer * inner;
}

// After infinity what rounding lost is infinity - infinity.
float finite_loss(float lost) { return (floatBitsToUint(lost) & 0x7f800000u) == 0x7f800000u ? 0.0 : lost; }

#endif
