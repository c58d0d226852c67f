#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// y[o, k, i] = x[o, index, i] of x (outer, n, inner) in memory, index[k] or index[o, k, i]. Negative indices count from
// the end; others outside of x give `missing`. One invocation copies one element (or four of one index).
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  WordIn x;
  IntIn index;
  WordOut y;
  uint count;
  uint rounds;
  uint inner[3], taken[3];  // extents of y; multiplier and shift of the division by each
  int n;
  uint by_row;   // the index is a vector
  uint missing;  // its bits
};

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round) {
    uint row = quotient(i, inner[0], inner[1], inner[2]);
    uint outer = quotient(row, taken[0], taken[1], taken[2]);
    int at = index.at[by_row != 0 ? row - outer * taken[0] : i];
    if (at < 0) at += n;
    WORDS value = WORDS_OF_BITS(missing);
    if (at >= 0 && at < n) value = LOADED_WORDS(x.at[(outer * uint(n) + uint(at)) * inner[0] + i - row * inner[0]]);
    y.at[i] = STORED_WORDS(value);
    i += gl_WorkGroupSize.x;
  }
}
