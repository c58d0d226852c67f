// Compiles where the compiler knows what kernels with single elements of cooperative matrices use: decides whether they are
// built.
#version 460
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_NV_cooperative_matrix2 : require
#pragma use_vulkan_memory_model
layout(local_size_x_id = 0) in;
shared float results[256];

float put(const in uint row, const in uint column, const in float value, const in uint first) {
  results[first + row * 16 + column] = value;
  return value;
}

void main() {
  coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator> sum =
      coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>(0.0);
  coopMatPerElementNV(sum, sum, put, 0u);
}
