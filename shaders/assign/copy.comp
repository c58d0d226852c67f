// y[i] = x[i] for `count` floats, whatever they mean. One invocation copies four; addresses are multiples of 16.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  Vec4In x;
  Vec4Out y;
  uint count;
  uint rounds;
} push;

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i * 4 < push.count; ++round) {
    uint rest = push.count - i * 4;
    if (rest >= 4) {
      push.y.at[i] = push.x.at[i];
    } else {
      for (uint lane = 0; lane < rest; ++lane) push.y.at[i][lane] = push.x.at[i][lane];
    }
    i += gl_WorkGroupSize.x;
  }
}
