// y[i] = value for `count` floats. One invocation writes four; the address is a multiple of 16.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"


layout(push_constant) uniform Push {
  FloatOut y;
  uint count;
  float value;
} push;

void main() {
  uint i = linear_invocation() * 4;
  if (i + 4 <= push.count) {
    Vec4Out(push.y).at[i / 4] = vec4(push.value);
    return;
  }
  for (; i < push.count; ++i) push.y.at[i] = push.value;
}
