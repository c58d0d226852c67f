#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The gradient of mirrored (mode 1) or replicated (mode 2) borders of one axis: element i along it sums the places
// lo + i, and lo - i, lo + 2 (extent - 1) - i where those are borders; or at the ends all of the border.
// One invocation per element of x.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  FloatIn upstream;
  FloatOut result;
  uint count;
  uint stride;  // of the axis, in elements
  int extent;   // of the axis in x
  int lo;
  int hi;
  uint mode;
};

void main() {
  uint element = linear_invocation();
  if (element >= count) return;
  uint line = divide(element, stride);
  uint outer = divide(line, uint(extent));
  int i = int(line - outer * uint(extent));
  uint base = outer * uint(extent + lo + hi) * stride + element - line * stride;
  float sum = upstream.at[base + uint(lo + i) * stride];
  if (mode == 1) {
    if (i >= 1 && i <= lo) sum += upstream.at[base + uint(lo - i) * stride];
    int mirrored = 2 * (extent - 1) - i;
    if (mirrored >= extent && mirrored < extent + hi) sum += upstream.at[base + uint(lo + mirrored) * stride];
  } else {
    if (i == 0)
      for (int o = 0; o < lo; ++o) sum += upstream.at[base + uint(o) * stride];
    if (i == extent - 1)
      for (int o = 0; o < hi; ++o) sum += upstream.at[base + uint(lo + extent + o) * stride];
  }
  result.at[element] = sum;
}
