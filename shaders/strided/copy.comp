// One tensor in its memory order, the other through strides, which may be negative: dense[i] = strided[offset + sum
// over d of coordinate_d(i) * stride_d], axes from the innermost of the dense one outwards; with SCATTER the other way
// round, each place once. Broadcasting is a stride of 0. One invocation copies ELEMENTS neighbours of the dense tensor,
// words or f16; 4 needs an innermost extent that is a multiple of 4, and an innermost stride of 0, or of 1
// with the offset and all other strides multiples of 4.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/division.glsl"
#include "common/grid.glsl"
#if ELEMENTS == 4
#define VEC4
#endif
#include "common/vector.glsl"

layout(constant_id = 3) const uint kAxes = 1;  // 1 to 8
// The innermost stride is 0. Not a condition at run time, of which CPU drivers run both sides.
layout(constant_id = 4) const bool kBroadcast = false;

layout(push_constant) uniform Push {
  WordIn x;
  WordOut y;
  uint count;
  uint rounds;
  uint offset;
  uint strides[8];
  uint extents[7];  // of all axes but the outermost
  uint multipliers[7];
  uint shifts[2];  // five bits each
} push;

uint place(uint i) {
  uint at = push.offset;
  for (uint axis = 0; axis + 1 < kAxes; ++axis) {
    uint next = divide(i, push.multipliers[axis], push.shifts[axis / 6] >> (axis % 6 * 5) & 31u);
    at += (i - next * push.extents[axis]) * push.strides[axis];
    i = next;
  }
  return at + i * push.strides[kAxes - 1];
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i * ELEMENTS < push.count; ++round) {
    uint at = place(i * ELEMENTS);
#ifdef SCATTER
    push.y.at[at / ELEMENTS] = STORED_WORDS(LOADED_WORDS(push.x.at[i]));
#elif ELEMENTS == 1
    push.y.at[i] = STORED_WORDS(LOADED_WORDS(push.x.at[at]));
#else
    if (kBroadcast)
#if defined(WIDE) && !defined(HALF_IN)  // one word instead of four; SwiftShader converts no references
      push.y.at[i] = STORED_WORDS(WORDS(IntIn(push.x).at[at]));
#else
      push.y.at[i] = STORED_WORDS(WORDS(LOADED_WORDS(push.x.at[at / 4])[at % 4]));
#endif
    else
      push.y.at[i] = STORED_WORDS(LOADED_WORDS(push.x.at[at / 4]));
#endif
    i += gl_WorkGroupSize.x;
  }
}
