// y in its memory order, x read through strides: y[i] = x[sum over d of coordinate_d(i) * stride_d], axes from the
// innermost of y outwards. Broadcasting is a stride of 0. One invocation writes ELEMENTS neighbours; 4 needs an
// innermost extent that is a multiple of 4, and an innermost stride of 0, or of 1 with all others multiples of 4.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/division.glsl"
#include "common/grid.glsl"

layout(constant_id = 3) const uint kAxes = 1;  // 1 to 5

#if ELEMENTS == 4
#define IN Vec4In
#define OUT Vec4Out
#else
#define IN FloatIn
#define OUT FloatOut
#endif

layout(push_constant) uniform Push {
  IN x;
  OUT y;
  uint count;
  uint strides[5];
  uint extents[4];  // of all axes but the outermost
  uint multipliers[4];
  uint shifts[4];
  uint rounds;
} push;

void copy(uint i) {
  uint rest = i * ELEMENTS;
  uint from = 0;
  for (uint axis = 0; axis + 1 < kAxes; ++axis) {
    uint next = divide(rest, push.multipliers[axis], push.shifts[axis]);
    from += (rest - next * push.extents[axis]) * push.strides[axis];
    rest = next;
  }
  from += rest * push.strides[kAxes - 1];
#if ELEMENTS == 1
  push.y.at[i] = push.x.at[from];
#else
  push.y.at[i] = push.strides[0] == 0 ? vec4(push.x.at[from / 4][from % 4]) : push.x.at[from / 4];
#endif
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i * ELEMENTS < push.count; ++round) {
    copy(i);
    i += gl_WorkGroupSize.x;
  }
}
