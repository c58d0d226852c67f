#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// From upstream u and softmax's output y: y (u - sum(u y)); of the logarithm: u - exp(y) sum(u). One invocation per
// line of `extent` elements, `inner` apart.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  StoredIn upstream;
  StoredIn y;
  StoredOut result;
  uint lines;
  uint extent;
  uint inner;
  uint logarithmic;
};

void main() {
  uint i = linear_invocation();
  if (i >= lines) return;
  uint outer = divide(i, inner);
  uint base = outer * extent * inner + i - outer * inner;
  float sum = 0.0;
  if (logarithmic != 0) {
    for (uint k = 0; k < extent; ++k) sum += LOADED(upstream.at[base + k * inner]);
    for (uint k = 0; k < extent; ++k) {
      uint at = base + k * inner;
      result.at[at] = STORED(LOADED(upstream.at[at]) - exponential(LOADED(y.at[at])) * sum);
    }
  } else {
    for (uint k = 0; k < extent; ++k) sum += LOADED(upstream.at[base + k * inner]) * LOADED(y.at[base + k * inner]);
#ifdef HALF_IN
    float mass = 0.0;  // rounded, a line's y don't add up to 1
    for (uint k = 0; k < extent; ++k) mass += LOADED(y.at[base + k * inner]);
    sum /= mass;
#endif
    for (uint k = 0; k < extent; ++k) {
      uint at = base + k * inner;
      result.at[at] = STORED(LOADED(y.at[at]) * (LOADED(upstream.at[at]) - sum));
    }
  }
}
