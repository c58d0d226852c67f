#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Index tuples (count, depth) to numbers of rows: of tuple t the row of (t / tuples of a batch, its members) in
// row-major order of the extents. Negative members count from the end; tuples outside give -2^31, which is outside of
// any tensor. One invocation per tuple.
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  IntIn tuples;
  IntOut rows;
  uint count;
  uint rounds;
  uint batch[3];  // tuples of one; multiplier and shift of the division by it
  uint depth;     // at most 8
  int extents[8];
};

void main() {
  uint t = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && t < count; ++round) {
    int row = int(quotient(t, batch[0], batch[1], batch[2]));
    bool inside = true;
    for (uint member = 0; member < depth; ++member) {
      int at = tuples.at[t * depth + member];
      if (at < 0) at += extents[member];
      inside = inside && at >= 0 && at < extents[member];
      row = row * extents[member] + at;
    }
    rows.at[t] = inside ? row : int(0x80000000u);
    t += gl_WorkGroupSize.x;
  }
}
