#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// y[o, j, i] = data[o, j, i] changed by updates[o, k, i] for all k in order whose index, index[k] or index[o, k, i], is
// j. All as (outer, n or m, inner) in memory; negative indices count from the end, others outside are ignored. One
// invocation per element of y, which looks at all m indices.
#include "common/division.glsl"
#include "common/grid.glsl"
#include "scatter/combine.glsl"

layout(push_constant) uniform Push {
  ElementIn data;
  IntIn index;
  ElementIn updates;
  ElementOut y;
  uint count;
  uint rounds;
  uint inner[3], n[3];  // extents of y; multiplier and shift of the division by each
  uint m;
  uint by_row;  // the index is a vector
  uint reduction;
};

void main() {
  uint element = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && element < count; ++round) {
    uint row = quotient(element, inner[0], inner[1], inner[2]);
    uint outer = quotient(row, n[0], n[1], n[2]);
    int j = int(row - outer * n[0]);
    uint update = outer * m * inner[0] + element - row * inner[0];
    ELEMENT value = LOADED_ELEMENT(data.at[element]);
    for (uint k = 0; k < m; ++k) {
      int at = index.at[by_row != 0 ? k : update];
      if (at == j || at == j - int(n[0])) value = combine(value, LOADED_ELEMENT(updates.at[update]), reduction);
      update += inner[0];
    }
    y.at[element] = STORED_ELEMENT(value);
    element += gl_WorkGroupSize.x;
  }
}
