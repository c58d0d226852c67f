// y[line, o, r] = sum over t of weights[o, t] x[line, first[o] + t, r], t in order: `inner` vectors lie between
// neighbours along the axis, of x and y alike. A tap of weight 0 is not read, so that no infinity beside becomes NaN.
// One invocation writes one element (or four neighbours, where inner elements are a multiple of 4) in each round.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  IntIn first;
  FloatIn weights;
  StoredRealOut y;
  uint count;
  uint rounds;
  uint in_extent;
  uint taps;
  uint inner, inner_multiplier, inner_shift;
  uint out_extent, out_multiplier, out_shift;
};

void write(uint i) {
  uint line = quotient(i, inner, inner_multiplier, inner_shift);
  uint outer = quotient(line, out_extent, out_multiplier, out_shift);
  uint o = line - outer * out_extent;
  uint from = (outer * in_extent + uint(first.at[o])) * inner + i - line * inner;
  REAL sum = REAL(0);
  for (uint t = 0; t < taps; ++t) {
    float weight = weights.at[o * taps + t];
    if (weight != 0.0) sum += weight * LOADED_REAL(x.at[from + t * inner]);
  }
  y.at[i] = STORED_REAL(sum);
}

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round) {
    write(i);
    i += gl_WorkGroupSize.x;
  }
}
