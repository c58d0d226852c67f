#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Softmax or its gradient from the two numbers of each line of softmax/parts.glsl. One invocation a part.
#include "common/half.glsl"
#include "softmax/parts.glsl"

layout(push_constant) uniform Push {
  StoredIn x;  // upstream
  StoredIn y;  // backward only
  FloatIn sums;
  StoredOut result;
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
  float largest = sums.at[2 * line], sum = sums.at[2 * line + 1];
  float shift = kBackward || !kLogarithm ? 0.0 : logarithm(sum), scale = 1.0 / sum;
  for (uint k = first; k < last; ++k) {
    uint at = base + k * inner;
    float value = LOADED(x.at[at]);
    if (kBackward)
      result.at[at] = STORED(kLogarithm ? value - exponential(LOADED(y.at[at])) * sum : LOADED(y.at[at]) * (value - sum));
    else
      result.at[at] = STORED(kLogarithm ? (value - largest) - shift : exponential(value - largest) * scale);
  }
}
