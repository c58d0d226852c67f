// Adds the parts of a convolution's sums (conv/tiled_gemm.comp) in their order, then the bias and the activation.
// partial (parts, pixels, O), bias (O), y (pixels, O); O is a multiple of 4. One invocation: four neighbouring channels.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "conv/activation.glsl"

layout(constant_id = 3) const bool kBias = false;
layout(constant_id = 4) const uint kActivation = 0;
layout(constant_id = 5) const float kSlope = 0;
layout(push_constant) uniform Push {
  Vec4In partial;
  Vec4In bias;
  StoredVec4Out y;
  uint count;  // of y, in vec4
  uint quads;  // of a pixel
  uint parts;
};

void main() {
  const uint i = linear_invocation();
  if (i >= count) return;
  vec4 sum = kBias ? bias.at[i % quads] : vec4(0.0);
  for (uint part = 0; part < parts; ++part) sum += partial.at[part * count + i];
  y.at[i] = STORED_VEC4(vec4(activate(sum.x, kActivation, kSlope), activate(sum.y, kActivation, kSlope),
                             activate(sum.z, kActivation, kSlope), activate(sum.w, kActivation, kSlope)));
}
