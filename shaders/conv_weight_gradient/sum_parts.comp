// Adds the parts of a weight gradient in their order: y[i] = sum over p of partial[p, i]. One invocation an element (or
// four).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  StoredRealIn partial;
  StoredRealOut y;
  uint count;  // of REALs
  uint parts;
};

void main() {
  const uint index = linear_invocation();
  if (index >= count) return;
  REAL sum = REAL(0);
  uint at = index;
  for (uint part = 0; part < parts; ++part) {
    sum += LOADED_REAL(partial.at[at]);
    at += count;
  }
  y.at[index] = STORED_REAL(sum);
}
