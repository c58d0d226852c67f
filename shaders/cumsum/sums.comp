#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The sum of each block of cumsum/lines.glsl, in order.
#include "common/half.glsl"
#include "cumsum/lines.glsl"

layout(push_constant) uniform Push {
  StoredIn x;
  FloatOut sums;
  uint count;
  uint extent;
  uint inner;
  uint blocks;
  uint steps;
  uint from_end;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint base = line_start(i, blocks, extent, inner);
  uint first = (i - divide(i, blocks) * blocks) * steps, last = min(extent, first + steps);
  float sum = 0.0, lost = 0.0;
  for (uint k = first; k < last; ++k) {
    add_to(sum, lost, LOADED(x.at[base + (from_end != 0 ? extent - 1 - k : k) * inner]));
    lost = finite_loss(lost);
  }
  sums.at[i] = sum;
}
