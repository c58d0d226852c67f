// The rate of multiply-adds on registers alone: CHAINS vectors, each its own chain of dependent steps. FUSED takes
// fma(), else a product and a sum, which drivers may join or not: what is faster is the device's rate.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;

layout(push_constant) uniform Push {
  FloatIn factors;  // 2: of the products and of the sums
  FloatOut result;  // one element an invocation, so that nothing can be left out
  uint steps;
} push;

#ifdef FUSED
#define STEP(x) x = fma(x, VECTOR(factor), VECTOR(summand))
#else
#define STEP(x) x = x * factor + summand
#endif

void main() {
  const uint i = gl_GlobalInvocationID.x;
  const float factor = push.factors.at[0], summand = push.factors.at[1];
  VECTOR chain[CHAINS];
  for (int c = 0; c < CHAINS; ++c) chain[c] = VECTOR(float(i + c) * 1e-3);
  for (uint step = 0; step < push.steps; ++step) {
    for (int repeat = 0; repeat < 8; ++repeat) {
      for (int c = 0; c < CHAINS; ++c) STEP(chain[c]);
    }
  }
  VECTOR sum = VECTOR(0);
  for (int c = 0; c < CHAINS; ++c) sum += chain[c];
  push.result.at[i] = dot(sum, VECTOR(1));
}
