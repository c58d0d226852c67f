// Long lines: `extent` elements, `inner` apart, in parts of `steps`. What is known of a part or line are two numbers, the
// maximum m and the sum of exp(x - m); of the gradient 0 and the sum of u y, or u of the logarithm.
#ifndef TUFF_SOFTMAX_PARTS_GLSL
#define TUFF_SOFTMAX_PARTS_GLSL
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(constant_id = 3) const bool kBackward = false;
layout(constant_id = 4) const bool kLogarithm = false;

uint line_start(uint line, uint extent, uint inner) {
  uint outer = divide(line, inner);
  return outer * extent * inner + line - outer * inner;
}

#endif
