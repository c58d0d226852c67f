// A tile of a matrix product in cooperative matrices (tensor cores): f16 operands, f32 sums. The same interface as
// common/gemm_tile.glsl, which says who calls what.
//
// A workgroup's subgroups share the tile, kSubgroupsDown x kSubgroupsAcross of them; each holds kRowBlocks x kColumnBlocks
// matrices of the device's shape kM x kN, whose products take kK terms. Operands lie in shared memory as quads of f16: the
// right side (kDepth, columns); the left side (rows, kDepth) where terms are put, LEFT_TERMS, else (kDepth, rows). Rows of
// both are 8 words of f16 longer than needed, so that matrices' rows begin at different banks.
//
// With PER_ELEMENT (VK_NV_cooperative_matrix2) invocations store the elements of the sums that they hold, store_element();
// without it these go through shared memory, store().
#ifndef TUFF_COOPERATIVE_TILE_GLSL
#define TUFF_COOPERATIVE_TILE_GLSL
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#ifdef PER_ELEMENT
#extension GL_NV_cooperative_matrix2 : require
#endif
#pragma use_vulkan_memory_model

layout(constant_id = 3) const uint kRows = 64;
layout(constant_id = 4) const uint kColumns = 64;
layout(constant_id = 5) const uint kDepth = 16;
layout(constant_id = 6) const uint kRowBlocks = 2;
layout(constant_id = 7) const uint kColumnBlocks = 2;
layout(constant_id = 8) const uint kInvocations = 128;  // the workgroup's size
layout(constant_id = 10) const uint kM = 16;
layout(constant_id = 11) const uint kN = 16;
layout(constant_id = 12) const uint kK = 16;

const uint kSubgroupsDown = kRows / (kRowBlocks * kM), kSubgroupsAcross = kColumns / (kColumnBlocks * kN);
const uint kLanes = kInvocations / (kSubgroupsDown * kSubgroupsAcross);  // of a subgroup
const uint kColumnStride = kColumns / 4;  // quads that are put
const uint kRightStride = kColumns / 4 + 2;
#ifdef LEFT_TERMS
const uint kLeftStride = kDepth / 4 + 2, kLeftSize = kRows * kLeftStride;
#else
const uint kLeftStride = kRows / 4 + 2, kLeftSize = kDepth * kLeftStride;
#endif
const uint kRightSize = kDepth * kRightStride;

shared f16vec4 left_tile[2 * kLeftSize];
shared f16vec4 right_tile[2 * kRightSize];
#ifndef PER_ELEMENT
shared float results[kSubgroupsDown * kSubgroupsAcross * kM * kN];  // one matrix of each subgroup
#endif
coopmat<float, gl_ScopeSubgroup, kM, kN, gl_MatrixUseAccumulator> sum[kRowBlocks * kColumnBlocks];

uint place_of(uint row);
#ifdef PER_ELEMENT
void store_element(uint place, uint column, float value);
#else
void store(uint place, uint quad, vec4 value);
#endif

const uint kNowhere = 0xffffffffu;

void clear_sums() {
  [[unroll]] for (uint i = 0; i < kRowBlocks * kColumnBlocks; ++i)
    sum[i] = coopmat<float, gl_ScopeSubgroup, kM, kN, gl_MatrixUseAccumulator>(0.0);
}

#ifdef LEFT_TERMS
void put_left_terms(uint buffer_number, uint term, uint row, vec4 values) {
  left_tile[buffer_number * kLeftSize + row * kLeftStride + term / 4] = f16vec4(values);
}
#else
void put_left_rows(uint buffer_number, uint term, uint quad, vec4 values) {
  left_tile[buffer_number * kLeftSize + term * kLeftStride + quad] = f16vec4(values);
}
#endif

void put_right(uint buffer_number, uint term, uint quad, vec4 values) {
  right_tile[buffer_number * kRightSize + term * kRightStride + quad] = f16vec4(values);
}

void multiply(uint buffer_number) {
  const uint first_row = gl_SubgroupID / kSubgroupsAcross * kRowBlocks * kM;
  const uint first_column = gl_SubgroupID % kSubgroupsAcross * kColumnBlocks * kN;
  [[unroll]] for (uint term = 0; term < kDepth; term += kK) {
    coopmat<float16_t, gl_ScopeSubgroup, kM, kK, gl_MatrixUseA> left[kRowBlocks];
    coopmat<float16_t, gl_ScopeSubgroup, kK, kN, gl_MatrixUseB> right;
    [[unroll]] for (uint i = 0; i < kRowBlocks; ++i) {
      const uint row = first_row + i * kM;
#ifdef LEFT_TERMS
      coopMatLoad(left[i], left_tile, buffer_number * kLeftSize + row * kLeftStride + term / 4, kLeftStride,
                  gl_CooperativeMatrixLayoutRowMajor);
#else
      coopMatLoad(left[i], left_tile, buffer_number * kLeftSize + term * kLeftStride + row / 4, kLeftStride,
                  gl_CooperativeMatrixLayoutColumnMajor);
#endif
    }
    [[unroll]] for (uint j = 0; j < kColumnBlocks; ++j) {
      coopMatLoad(right, right_tile, buffer_number * kRightSize + term * kRightStride + (first_column + j * kN) / 4,
                  kRightStride, gl_CooperativeMatrixLayoutRowMajor);
      [[unroll]] for (uint i = 0; i < kRowBlocks; ++i)
        sum[i * kColumnBlocks + j] = coopMatMulAdd(left[i], right, sum[i * kColumnBlocks + j]);
    }
  }
}

// Where this subgroup's part of the tile begins: its first row, and its first quad of columns.
uvec2 part_of_subgroup(uint first_row, uint first_quad) {
  return uvec2(first_row + gl_SubgroupID / kSubgroupsAcross * kRowBlocks * kM,
               first_quad + gl_SubgroupID % kSubgroupsAcross * kColumnBlocks * kN / 4);
}

#ifdef PER_ELEMENT
float put(const in uint row, const in uint column, const in float value, const in uint first_row, const in uint first_column) {
  const uint place = place_of(first_row + row);
  if (place != kNowhere) store_element(place, first_column + column, value);
  return value;
}

void finish(uint first_row, uint first_quad) {
  const uvec2 part = part_of_subgroup(first_row, first_quad);
  [[unroll]] for (uint i = 0; i < kRowBlocks; ++i)
    [[unroll]] for (uint j = 0; j < kColumnBlocks; ++j)
      coopMatPerElementNV(sum[i * kColumnBlocks + j], sum[i * kColumnBlocks + j], put, part.x + i * kM, part.y * 4 + j * kN);
}
#else
// Through shared memory, as only the implementation knows which invocation holds which element.
void finish(uint first_row, uint first_quad) {
  const uint own = gl_SubgroupID * kM * kN;
  const uvec2 part = part_of_subgroup(first_row, first_quad);
  [[unroll]] for (uint i = 0; i < kRowBlocks; ++i)
    [[unroll]] for (uint j = 0; j < kColumnBlocks; ++j) {
      barrier();
      coopMatStore(sum[i * kColumnBlocks + j], results, own, kN, gl_CooperativeMatrixLayoutRowMajor);
      barrier();
      for (uint quad = gl_SubgroupInvocationID; quad < kM * kN / 4; quad += kLanes) {
        const uint place = place_of(part.x + i * kM + quad / (kN / 4)), at = own + quad * 4;
        if (place != kNowhere)
          store(place, part.y + j * kN / 4 + quad % (kN / 4), vec4(results[at], results[at + 1], results[at + 2], results[at + 3]));
      }
    }
}
#endif

#endif
