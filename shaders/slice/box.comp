#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Copies a box of up to five axes (in memory order, outermost first; the innermost has stride 1) into a dense tensor.
// One invocation copies one word (or four).
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  WordIn x;
  WordOut result;
  uint count;
  uint offset;
  uint extents[5];
  uint strides[4];
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint outer = divide(i, extents[4]);
  uint from = offset + i - outer * extents[4];
  for (int axis = 3; axis > 0; --axis) {
    if (extents[axis] == 1) continue;
    uint next = divide(outer, extents[axis]);
    from += (outer - next * extents[axis]) * strides[axis];
    outer = next;
  }
  result.at[i] = x.at[from + outer * strides[0]];
}
