#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The two numbers of each part of softmax/parts.glsl. One invocation a part.
#include "common/half.glsl"
#include "softmax/parts.glsl"

layout(push_constant) uniform Push {
  StoredIn x;  // upstream
  StoredIn y;  // backward only
  FloatOut sums;
  uint count;
  uint extent;
  uint inner;
  uint parts;
  uint steps;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint line = divide(i, parts);
  uint base = line_start(line, extent, inner);
  uint first = (i - line * parts) * steps, last = min(extent, first + steps);
  float largest = kBackward ? 0.0 : LOADED(x.at[base + first * inner]);
  float sum = 0.0;
  if (!kBackward)
    for (uint k = first + 1; k < last; ++k) largest = nan_max(largest, LOADED(x.at[base + k * inner]));
  // Nothing of a part that is all minus infinity counts where other parts are finite.
  if (kBackward || largest != -infinity())
    for (uint k = first; k < last; ++k) {
      uint at = base + k * inner;
      sum += kBackward ? (kLogarithm ? LOADED(x.at[at]) : LOADED(x.at[at]) * LOADED(y.at[at])) : exponential(LOADED(x.at[at]) - largest);
    }
  sums.at[2 * i] = largest;
  sums.at[2 * i + 1] = sum;
}
