// y in its memory order, x read through strides: y[i] = x[sum over d of coordinate_d(i) * stride_d], axes from the
// innermost of y outwards. Broadcasting is a stride of 0. One invocation writes ELEMENTS neighbours; 4 needs an
// innermost extent that is a multiple of 4, and an innermost stride of 0, or of 1 with all others multiples of 4.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"


layout(push_constant) uniform Push {
  FloatIn x;
  FloatOut y;
  uint count;
  uint extents[5];
  uint strides[5];
} push;

void main() {
  uint i = linear_invocation() * ELEMENTS;
  if (i >= push.count) return;
  uint rest = i;
  uint from = 0;
  for (int axis = 0; axis < 5; ++axis) {
    from += rest % push.extents[axis] * push.strides[axis];
    rest /= push.extents[axis];
  }
#if ELEMENTS == 1
  push.y.at[i] = push.x.at[from];
#else
  Vec4Out(push.y).at[i / 4] = push.strides[0] == 0 ? vec4(push.x.at[from]) : Vec4In(push.x).at[from / 4];
#endif
}
