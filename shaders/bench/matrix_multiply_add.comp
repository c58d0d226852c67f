// The rate of cooperative matrices alone: products of f16 added to CHAINS sums in f32, each its own chain of dependent
// steps. Values differ, lest a compiler finds that a sum of products is a multiple of one.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#pragma use_vulkan_memory_model
#include "common/buffers.glsl"
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
layout(constant_id = 3) const uint kM = 16;
layout(constant_id = 4) const uint kN = 16;
layout(constant_id = 5) const uint kK = 16;
layout(constant_id = 6) const uint kSubgroups = 4;  // of a workgroup

layout(push_constant) uniform Push {
  FloatIn factors;  // 2: of the left and the right side
  FloatOut result;  // one element an invocation, so that nothing can be left out
  uint steps;
} push;

shared float results[kSubgroups * kM * kN];

void main() {
  coopmat<float16_t, gl_ScopeSubgroup, kM, kK, gl_MatrixUseA> left;
  coopmat<float16_t, gl_ScopeSubgroup, kK, kN, gl_MatrixUseB> right;
  for (int i = 0; i < left.length(); ++i) left[i] = float16_t(push.factors.at[0] * float(gl_LocalInvocationIndex * 3 + i));
  for (int i = 0; i < right.length(); ++i) right[i] = float16_t(push.factors.at[1] * float(gl_LocalInvocationIndex * 5 + i));
  coopmat<float, gl_ScopeSubgroup, kM, kN, gl_MatrixUseAccumulator> sum[CHAINS];
  for (int c = 0; c < CHAINS; ++c)
    sum[c] = coopmat<float, gl_ScopeSubgroup, kM, kN, gl_MatrixUseAccumulator>(float(c) * 1e-3);
  for (uint step = 0; step < push.steps; ++step) {
    for (int repeat = 0; repeat < 8; ++repeat) {
      for (int c = 0; c < CHAINS; ++c) sum[c] = coopMatMulAdd(left, right, sum[c]);
    }
  }
  for (int c = 1; c < CHAINS; ++c) sum[0] += sum[c];
  coopMatStore(sum[0], results, gl_SubgroupID * kM * kN, kN, gl_CooperativeMatrixLayoutRowMajor);
  barrier();
  push.result.at[gl_GlobalInvocationID.x] = results[gl_LocalInvocationIndex];
}
