#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// y[o, index[k], i] changed by the updates[o, k', i] that links.comp chained to k, for every first k of a row: each
// element has one writer, which goes through its updates in order. (outer, n or m, inner) in memory. One invocation per
// element of the updates (or four).
#include "common/division.glsl"
#include "common/grid.glsl"
#include "scatter/combine.glsl"

layout(push_constant) uniform Push {
  IntIn index;
  UintIn links;
  ElementIn updates;
  ElementInOut y;
  uint count;
  uint rounds;
  uint inner[3], m[3];  // extents of the updates; multiplier and shift of the division by each
  int n;
  uint reduction;
};

void change_row(uint outer, uint k, uint i) {
  int at = index.at[k];
  if (at < 0) at += n;
  uint to = (outer * uint(n) + uint(at)) * inner[0] + i;
  ELEMENT value = LOADED_ELEMENT(y.at[to]);
  for (uint next = k; next < m[0]; next = links.at[next])
    value = combine(value, LOADED_ELEMENT(updates.at[(outer * m[0] + next) * inner[0] + i]), reduction);
  y.at[to] = STORED_ELEMENT(value);
}

void main() {
  uint element = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && element < count; ++round) {
    uint row = quotient(element, inner[0], inner[1], inner[2]);
    uint outer = quotient(row, m[0], m[1], m[2]);
    uint k = row - outer * m[0];
    if (links.at[m[0] + k] != 0) change_row(outer, k, element - row * inner[0]);
    element += gl_WorkGroupSize.x;
  }
}
