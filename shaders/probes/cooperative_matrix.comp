// Compiles where the compiler knows what kernels with cooperative matrices use: decides whether they are built.
#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#pragma use_vulkan_memory_model
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint kSize = 16;
shared f16vec4 operands[64];
shared float results[256];
coopmat<float, gl_ScopeSubgroup, kSize, kSize, gl_MatrixUseAccumulator> sum[2];

void main() {
  coopmat<float16_t, gl_ScopeSubgroup, kSize, kSize, gl_MatrixUseA> left;
  coopmat<float16_t, gl_ScopeSubgroup, kSize, kSize, gl_MatrixUseB> right;
  coopMatLoad(left, operands, gl_SubgroupID, kSize / 4, gl_CooperativeMatrixLayoutColumnMajor);
  coopMatLoad(right, operands, 0, kSize / 4, gl_CooperativeMatrixLayoutRowMajor);
  [[unroll]] for (uint i = 0; i < 2; ++i)
    sum[i] = coopMatMulAdd(left, right, coopmat<float, gl_ScopeSubgroup, kSize, kSize, gl_MatrixUseAccumulator>(0.0));
  coopMatStore(sum[1], results, 0, kSize, gl_CooperativeMatrixLayoutRowMajor);
}
