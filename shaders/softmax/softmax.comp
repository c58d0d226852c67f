#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Lines of `extent` elements, `inner` apart. One invocation per line: maximum, sum of exponentials, results.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  StoredIn x;
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
  float largest = LOADED(x.at[base]);
  for (uint k = 1; k < extent; ++k) largest = nan_max(largest, LOADED(x.at[base + k * inner]));
  float sum = 0.0;
  for (uint k = 0; k < extent; ++k) sum += exponential(LOADED(x.at[base + k * inner]) - largest);
  if (logarithmic != 0) {
    float shift = logarithm(sum);
    for (uint k = 0; k < extent; ++k) result.at[base + k * inner] = STORED((LOADED(x.at[base + k * inner]) - largest) - shift);
  } else {
    float scale = 1.0 / sum;
    for (uint k = 0; k < extent; ++k) result.at[base + k * inner] = STORED(exponential(LOADED(x.at[base + k * inner]) - largest) * scale);
  }
}
