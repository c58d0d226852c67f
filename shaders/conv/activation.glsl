// The activation fused into a convolution's store; numbers as in enum Activation (ops/conv_geometry.h).
#ifndef TUFF_CONV_ACTIVATION_GLSL
#define TUFF_CONV_ACTIVATION_GLSL
#include "common/math.glsl"

float activate(float x, uint activation, float slope) {
  switch (activation) {
    case 1u: return x <= 0.0 ? 0.0 : x;  // keeps NaN, as max() need not
    case 2u: return x > 0.0 ? x : x * slope;
    case 3u: return logistic(x);
    case 4u: return hyperbolic_tangent(x);
  }
  return x;
}

float activated(float x, uint activation, float slope) { return activate(x, activation, slope); }
vec2 activated(vec2 x, uint activation, float slope) {
  return vec2(activate(x.x, activation, slope), activate(x.y, activation, slope));
}
vec4 activated(vec4 x, uint activation, float slope) {
  return vec4(activated(x.xy, activation, slope), activated(x.zw, activation, slope));
}

#endif
