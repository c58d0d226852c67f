#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// One level of the tree of bounds.comp from the one below: each box bounds 8 neighbours. One invocation per box.
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(buffer_reference, std430, buffer_reference_align = 4) buffer IntInOut { int at[]; };

layout(push_constant) uniform Push {
  IntInOut bounds;
  uint batch;
  uint boxes;   // of a sample, all levels
  uint first;   // of the level below
  uint below;   // boxes of the level below
  uint count;   // boxes of this level
};

void main() {
  uint i = linear_invocation();
  uint n = divide(i, count), box = i - n * count;
  if (n >= batch) return;
  ivec3 least = ivec3(0x7fffffff), most = ivec3(-1);
  for (uint child = box * 8; child < min(box * 8 + 8, below); ++child) {
    uint from = (n * boxes + first + child) * 6;
    for (int axis = 0; axis < 3; ++axis) {
      least[axis] = min(least[axis], bounds.at[from + uint(axis)]);
      most[axis] = max(most[axis], bounds.at[from + 3 + uint(axis)]);
    }
  }
  uint to = (n * boxes + first + below + box) * 6;
  for (int axis = 0; axis < 3; ++axis) {
    bounds.at[to + uint(axis)] = least[axis];
    bounds.at[to + 3 + uint(axis)] = most[axis];
  }
}
