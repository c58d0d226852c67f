// y[i] = value for `count` floats. One invocation writes four; the address is a multiple of 16.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"

layout(push_constant) uniform Push {
#ifdef HALF_OUT
  StoredOut y;
#else
  Vec4Out y;
#endif
  uint count;
  uint rounds;
  float value;
} push;

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i * 4 < push.count; ++round) {
    uint rest = push.count - i * 4;
#ifdef HALF_OUT
    for (uint lane = 0; lane < min(rest, 4); ++lane) push.y.at[i * 4 + lane] = STORED(push.value);
#else
    if (rest >= 4) {
      push.y.at[i] = vec4(push.value);
    } else {
      for (uint lane = 0; lane < rest; ++lane) push.y.at[i][lane] = push.value;
    }
#endif
    i += gl_WorkGroupSize.x;
  }
}
