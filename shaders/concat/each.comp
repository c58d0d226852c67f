#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Copies rows of `width` words to rows of `total` words, at `offset` within them. One invocation copies one word
// (or four).
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  WordIn x;
  WordOut result;
  uint count;
  uint width;
  uint total;
  uint offset;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint row = divide(i, width);
  result.at[row * total + offset + i - row * width] = x.at[i];
}
