// Copies a tensor into another memory layout. One invocation writes one element, in the order of the output's
// memory; the input's place comes from up to five (extent, stride) pairs, innermost axis of the output first.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"

layout(push_constant) uniform Push {
  StoredIn x;
  StoredOut y;
  uint count;
  uint extent0, stride0, extent1, stride1, extent2, stride2, extent3, stride3, extent4, stride4;
};

void main() {
  const uint index = linear_invocation();
  if (index >= count) return;
  uint rest = index;
  uint from = (rest % extent0) * stride0;
  rest /= extent0;
  from += (rest % extent1) * stride1;
  rest /= extent1;
  from += (rest % extent2) * stride2;
  rest /= extent2;
  from += (rest % extent3) * stride3;
  rest /= extent3;
  from += rest * stride4;
  y.at[index] = STORED(LOADED(x.at[from]));
}
