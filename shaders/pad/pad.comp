#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Pads a tensor of up to five axes in memory order, innermost first. Modes: 0 constant, 1 reflect, 2 replicate,
// 3 circular. One invocation writes one element (or four).
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(constant_id = 3) const uint kAxes = 1;  // 1 to 5

layout(push_constant) uniform Push {
  WordIn x;
  WordOut result;
  uint count;
  uint rounds;
  uint mode;
  uint value;  // its bits
  int extents[5];
  uint padded[5];
  int lo[5];
  uint multipliers[4];  // of the divisions by all of `padded` but the outermost
  uint shifts;          // five bits each
};

// Where coordinate `at` lies in x; negative: nowhere.
int fold(int at, int extent) {
  if (mode == 0) return at < extent ? at : -1;
  if (mode == 1) return at < 0 ? -at : at >= extent ? 2 * (extent - 1) - at : at;
  if (mode == 2) return clamp(at, 0, extent - 1);
  return at < 0 ? at + extent : at >= extent ? at - extent : at;
}

void pad_element(uint i) {
  uint rest = i;
  int from = 0;
  int stride = 1;
  bool inside = true;
  for (uint axis = 0; axis < kAxes; ++axis) {
    uint coordinate = rest;
    if (axis + 1 < kAxes) {
      if (padded[axis] != 1) rest = divide(rest, multipliers[axis], shifts >> (axis * 5) & 31u);
      coordinate -= rest * padded[axis];
    }
    int at = fold(int(coordinate) - lo[axis], extents[axis]);
    inside = inside && at >= 0;
    from += at * stride;
    stride *= extents[axis];
  }
  WORDS element = WORDS_OF_BITS(value);
  if (inside) element = LOADED_WORDS(x.at[from]);
  result.at[i] = STORED_WORDS(element);
}

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round) {
    pad_element(i);
    i += gl_WorkGroupSize.x;
  }
}
