// Adds the parts of a weight gradient in their order: y[i] = sum over p of partial[p, i]. One invocation an element.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"

layout(push_constant) uniform Push {
  FloatIn partial;
  StoredOut y;
  uint count;
  uint parts;
};

void main() {
  const uint index = linear_invocation();
  if (index >= count) return;
  float sum = 0.0;
  for (uint part = 0; part < parts; ++part) sum += partial.at[part * count + index];
  y.at[index] = STORED(sum);
}
