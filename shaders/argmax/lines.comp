#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Lines of `extent` elements, `inner` apart, in `parts` parts of `steps`. One invocation a part finds where its extreme
// stands; with WINNERS one a line compares those of its parts. A NaN beats every number, the first NaN another.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/nan.glsl"

layout(constant_id = 3) const bool kSmallest = false;
layout(constant_id = 4) const bool kSelectLast = false;

layout(push_constant) uniform Push {
  StoredIn x;
#ifdef WINNERS
  IntIn winners;
#endif
  IntOut result;
  uint count;  // invocations that work
  uint extent;
  uint inner;
  uint parts;
  uint steps;
};

bool beats(float value, float best) {
  if (is_nan(best)) return kSelectLast && is_nan(value);
  return is_nan(value) || (kSmallest ? value < best : value > best) || (kSelectLast && value == best);
}

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
#ifdef WINNERS
  uint line = i, first = 0, last = parts;
#else
  uint line = divide(i, parts), first = (i - line * parts) * steps, last = min(extent, first + steps);
#endif
  uint outer = divide(line, inner);
  uint base = outer * extent * inner + line - outer * inner;
  int found = 0;
  float best = 0.0;
  for (uint k = first; k < last; ++k) {
#ifdef WINNERS
    int place = winners.at[line * parts + k];
#else
    int place = int(k);
#endif
    float value = LOADED(x.at[base + uint(place) * inner]);
    if (k == first || beats(value, best)) {
      found = place;
      best = value;
    }
  }
  result.at[i] = found;
}
