#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Running sums within each block of cumsum/lines.glsl, from starts[block] where has_starts, else from 0.
#include "common/half.glsl"
#include "cumsum/lines.glsl"

layout(push_constant) uniform Push {
  StoredIn x;
  FloatIn starts;
  FloatOut y;
  uint count;
  uint extent;
  uint inner;
  uint blocks;
  uint steps;
  uint exclusive;
  uint from_end;
  uint has_starts;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint base = line_start(i, blocks, extent, inner);
  uint first = (i - divide(i, blocks) * blocks) * steps, last = min(extent, first + steps);
  float sum = has_starts != 0 ? starts.at[i] : 0.0, lost = 0.0;
  for (uint k = first; k < last; ++k) {
    uint at = base + (from_end != 0 ? extent - 1 - k : k) * inner;
    float before = sum;
    add_to(sum, lost, LOADED(x.at[at]));
    lost = finite_loss(lost);
    y.at[at] = exclusive != 0 ? before : sum;
  }
}
