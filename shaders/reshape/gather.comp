// y[i] = x of the same place in logical row-major order. Each tensor has up to three axes after merging: those of y in
// its memory order, innermost first, with their distances in logical order; those of x in logical order, outermost
// first, with their distances in logical order and in memory. One invocation copies one element.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  WordIn x;
  WordOut y;
  uint count;
  uint rounds;
  uint y_extents[2][3];  // divisor, multiplier, shift
  uint y_logical[3];
  uint x_logical[2][3];  // divisor, multiplier, shift
  uint x_strides[3];
} push;

uint logical_place(uint i) {
  uint at = 0;
  for (uint axis = 0; axis < 2; ++axis) {
    uint next = quotient(i, push.y_extents[axis][0], push.y_extents[axis][1], push.y_extents[axis][2]);
    at += (i - next * push.y_extents[axis][0]) * push.y_logical[axis];
    i = next;
  }
  return at + i * push.y_logical[2];
}

uint place_in_x(uint logical) {
  uint at = 0;
  for (uint axis = 0; axis < 2; ++axis) {
    uint index = quotient(logical, push.x_logical[axis][0], push.x_logical[axis][1], push.x_logical[axis][2]);
    at += index * push.x_strides[axis];
    logical -= index * push.x_logical[axis][0];
  }
  return at + logical * push.x_strides[2];
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i < push.count; ++round) {
    push.y.at[i] = STORED_WORDS(LOADED_WORDS(push.x.at[place_in_x(logical_place(i))]));
    i += gl_WorkGroupSize.x;
  }
}
