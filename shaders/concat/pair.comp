#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Two tensors in memory as rows of width_a and width_b words; the result's rows are one after the other.
// One invocation copies one word (or four).
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  WordIn a;
  WordIn b;
  WordOut result;
  uint count;
  uint rounds;
  uint width_a;
  uint width_b;
  uint multiplier;  // of the division by width_a + width_b
  uint shift;
};

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round) {
    uint row = divide(i, multiplier, shift);
    uint column = i - row * (width_a + width_b);
    if (column < width_a)
      result.at[i] = STORED_WORDS(LOADED_WORDS(a.at[row * width_a + column]));
    else
      result.at[i] = STORED_WORDS(LOADED_WORDS(b.at[row * width_b + column - width_a]));
    i += gl_WorkGroupSize.x;
  }
}
