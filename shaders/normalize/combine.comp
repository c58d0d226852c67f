#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Combines `parts` parts to `fewer`: part p takes p, p + fewer, ... One invocation per (sample, fewer part, channel).
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "normalize/chan.glsl"

layout(push_constant) uniform Push {
  FloatIn moments;
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
  Moments all = Moments(0.0, 0.0, 0.0);
  for (uint part = line - n * fewer; part < parts; part += fewer) {
    uint at = (n * parts + part) * channels + i - line * channels;
    all = combine(all, Moments(moments.at[at], moments.at[plane + at], moments.at[2 * plane + at]));
  }
  combined.at[i] = all.mean;
  combined.at[total + i] = all.squares;
  combined.at[2 * total + i] = all.count;
}
