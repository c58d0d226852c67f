// The activation fused into a convolution's store; numbers as in enum Activation (ops/conv_geometry.h).
#ifndef TUFF_CONV_ACTIVATION_GLSL
#define TUFF_CONV_ACTIVATION_GLSL
#include "common/math.glsl"

float activate(float x, uint activation, float slope) {
  switch (activation) {
    case 1u: return x < 0.0 ? 0.0 : x;  // keeps NaN, as max() need not
    case 2u: return x < 0.0 ? x * slope : x;
    case 3u: return SIGMOID_OF(x);
    case 4u: return TANH_OF(x);
  }
  return x;
}

#endif
