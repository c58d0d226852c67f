#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The gradient of mirrored (mode 1), replicated (mode 2) or wrapped (mode 3) borders of one axis: element i along it
// sums the places lo + i, and those of the borders that were copied from it, as far as they weren't cropped.
// One invocation per element of x.
#include "common/buffers.glsl"
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"

layout(push_constant) uniform Push {
  StoredIn upstream;
  StoredOut result;
  uint count;
  uint rounds;
  uint stride[3];  // of the axis, in elements; multiplier and shift of the division by it
  uint extent[3];  // of the axis in x, likewise
  int padded;      // extent of the axis in the result of padding
  int lo;
  uint mode;
};

float place(uint base, int at) {
  return at >= 0 && at < padded ? LOADED(upstream.at[base + uint(at) * stride[0]]) : 0.0;
}

float sum_of_places(uint base, int i) {
  int last = int(extent[0]) - 1;
  float sum = place(base, lo + i);
  if (mode == 1) {
    if (i > 0) sum += place(base, lo - i);
    if (i < last) sum += place(base, lo + 2 * last - i);
  } else if (mode == 2) {
    if (i == 0)
      for (int at = 0; at < min(lo, padded); ++at) sum += place(base, at);
    if (i == last)
      for (int at = max(lo + last + 1, 0); at < padded; ++at) sum += place(base, at);
  } else {
    sum += place(base, lo + i - last - 1);
    sum += place(base, lo + i + last + 1);
  }
  return sum;
}

void main() {
  uint element = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && element < count; ++round) {
    uint line = quotient(element, stride[0], stride[1], stride[2]);
    uint outer = quotient(line, extent[0], extent[1], extent[2]);
    uint base = outer * uint(padded) * stride[0] + element - line * stride[0];
    result.at[element] = STORED(sum_of_places(base, int(line - outer * extent[0])));
    element += gl_WorkGroupSize.x;
  }
}
