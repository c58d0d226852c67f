// The rate of a plain copy: each invocation moves `COUNT` vectors that lie side by side.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;

layout(push_constant) uniform Push {
  Vec4In x;
  Vec4Out y;
  uint invocations;
} push;

void main() {
  const uint i = gl_GlobalInvocationID.x + gl_GlobalInvocationID.y * gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  if (i >= push.invocations) return;
  for (int k = 0; k < COUNT; ++k) push.y.at[i * COUNT + k] = push.x.at[i * COUNT + k];
}
