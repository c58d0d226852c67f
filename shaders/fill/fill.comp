// y[i] = value for `count` floats. One invocation writes four; the address is a multiple of 16.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  Vec4Out y;
  uint count;
  float value;
} push;

void main() {
  uint i = linear_invocation();
  uint rest = push.count - min(push.count, i * 4);
  if (rest >= 4) {
    push.y.at[i] = vec4(push.value);
    return;
  }
  for (uint lane = 0; lane < rest; ++lane) push.y.at[i][lane] = push.value;
}
