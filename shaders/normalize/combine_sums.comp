#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Adds up `parts` parts to `fewer`: part p takes p, p + fewer, ... One invocation per (sample, fewer part, channel).
#include "common/buffers.glsl"
#include "common/compensated.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  FloatIn sums;
  FloatOut combined;
  uint samples;
  uint parts;
  uint fewer;
  uint channels;
};

void main() {
  uint i = linear_invocation();
  uint total = samples * fewer * channels;
  if (i >= total) return;
  uint line = divide(i, channels);
  uint n = divide(line, fewer);
  uint plane = samples * parts * channels;
  float plain = 0.0, plain_lost = 0.0, along = 0.0, along_lost = 0.0;
  for (uint part = line - n * fewer; part < parts; part += fewer) {
    uint at = (n * parts + part) * channels + i - line * channels;
    add_to(plain, plain_lost, sums.at[at]);
    add_to(along, along_lost, sums.at[plane + at]);
  }
  combined.at[i] = plain;
  combined.at[total + i] = along;
}
