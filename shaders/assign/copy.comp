// y[i] = x[i] for `count` floats, whatever they mean. One invocation copies four; addresses are multiples of 16.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"


layout(push_constant) uniform Push {
  FloatIn x;
  FloatOut y;
  uint count;
} push;

void main() {
  uint i = linear_invocation() * 4;
  if (i + 4 <= push.count) {
    Vec4Out(push.y).at[i / 4] = Vec4In(push.x).at[i / 4];
    return;
  }
  for (; i < push.count; ++i) push.y.at[i] = push.x.at[i];
}
