#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// From upstream u and softmax's output y: y (u - sum(u y)); of the logarithm: u - exp(y) sum(u). One invocation per
// line of `extent` elements, `inner` apart.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn upstream;
  FloatIn y;
  FloatOut result;
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
    for (uint k = 0; k < extent; ++k) sum += upstream.at[base + k * inner];
    for (uint k = 0; k < extent; ++k) {
      uint at = base + k * inner;
      result.at[at] = upstream.at[at] - exponential(y.at[at]) * sum;
    }
  } else {
    for (uint k = 0; k < extent; ++k) sum += upstream.at[base + k * inner] * y.at[base + k * inner];
    for (uint k = 0; k < extent; ++k) {
      uint at = base + k * inner;
      result.at[at] = y.at[at] * (upstream.at[at] - sum);
    }
  }
}
