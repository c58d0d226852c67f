#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The mean over a window of channels that begins `before` channels back; channels lie innermost, those beyond the edge are
// 0. One invocation an element, `rounds` times.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  FloatOut y;
  uint count;
  uint channels;
  uint size;
  uint before;
  float scale;
  uint rounds;
};

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round, i += gl_WorkGroupSize.x) {
    uint pixel = divide(i, channels) * channels;
    uint channel = i - pixel;
    uint first = max(channel, before) - before, last = min(channels, channel + size - before);
    float sum = 0.0;
    for (uint c = first; c < last; ++c) sum += x.at[pixel + c];
    y.at[i] = sum * scale;
  }
}
