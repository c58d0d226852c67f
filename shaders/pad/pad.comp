#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Pads a tensor of five axes in memory order, outermost first. Modes: 0 constant, 1 reflect, 2 replicate.
// One invocation writes one element (or four).
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  RealIn x;
  RealOut result;
  uint count;
  uint mode;
  float value;
  int extents[5];
  uint padded[5];
  int lo[5];
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint rest = i;
  int from = 0;
  int stride = 1;
  bool inside = true;
  for (int axis = 4; axis >= 0; --axis) {
    if (rest == 0 && padded[axis] == 1 && lo[axis] == 0) continue;
    uint next = divide(rest, padded[axis]);
    int at = int(rest - next * padded[axis]) - lo[axis];
    rest = next;
    if (mode == 0)
      inside = inside && at >= 0 && at < extents[axis];
    else if (mode == 1)
      at = at < 0 ? -at : at >= extents[axis] ? 2 * (extents[axis] - 1) - at : at;
    else
      at = clamp(at, 0, extents[axis] - 1);
    from += at * stride;
    stride *= extents[axis];
  }
  REAL element = REAL(value);
  if (inside) element = x.at[from];
  result.at[i] = element;
}
