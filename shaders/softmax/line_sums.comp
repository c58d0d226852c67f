#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The two numbers of each line of softmax/parts.glsl from those of its parts, in order. One invocation a line.
#include "common/compensated.glsl"
#include "softmax/parts.glsl"

layout(push_constant) uniform Push {
  FloatIn sums;
  FloatOut result;
  uint lines;
  uint parts;
};

void main() {
  uint line = linear_invocation();
  if (line >= lines) return;
  float largest = sums.at[2 * line * parts];
  for (uint p = 1; p < parts; ++p) largest = nan_max(largest, sums.at[2 * (line * parts + p)]);
  float sum = 0.0, lost = 0.0;
  for (uint p = 0; p < parts; ++p) {
    uint at = 2 * (line * parts + p);
    add_to(sum, lost, kBackward ? sums.at[at + 1] : sums.at[at + 1] * exponential(sums.at[at] - largest));
  }
  result.at[2 * line] = largest;
  result.at[2 * line + 1] = sum;
}
