// Einsum for CPU drivers: no shared memory, no barriers. One invocation computes kRows rows x 4 columns (of one batch and
// part) in registers; neighbours take the next columns, then the next rows.
//
// Such drivers gather a load lane by lane, so loads are four floats wide where memory allows it:
//   LEFT_DEPTH   left holds terms side by side, and their number is a multiple of 4; else
//   LEFT_ROWS    left holds rows side by side, and kRows is a multiple of 4; else it is read float by float
//   RIGHT_DEPTH, RIGHT_COLUMNS  the same of right; all other strides of an operand so read are multiples of 4.
// kUnroll terms at a time, 4 or 1; the number of inner terms and of a part's is a multiple of it.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/wide.glsl"
#include "einsum/geometry.glsl"

layout(constant_id = 3) const uint kRows = 16;
layout(constant_id = 4) const uint kUnroll = 4;

#if defined(LEFT_DEPTH) || defined(LEFT_ROWS)
#define LEFT StoredVec4Load
#else
#define LEFT StoredLoad
#endif
#if defined(RIGHT_DEPTH) || defined(RIGHT_COLUMNS)
#define RIGHT StoredVec4Load
#else
#define RIGHT StoredLoad
#endif
layout(push_constant) uniform Push {
  LEFT left;
  RIGHT right;
  StoredOut y;
  EINSUM_GEOMETRY
};

void main() {
  const uint index = linear_invocation();
  const uint column_blocks = (columns + 3) / 4, row_blocks = (rows + kRows - 1) / kRows;
  const uint blocks = divide(index, column_blocks);
  const uint matrices = divide(blocks, row_blocks);
  const uint part = divide(matrices, batches);
  if (part >= parts) return;
  const uint first_column = (index - blocks * column_blocks) * 4;
  const uint first_row = (blocks - matrices * row_blocks) * kRows;
  const Batch batch = EINSUM_BATCH(matrices - part * batches);
  const uint end = min(terms, (part + 1) * steps);

  // Beyond the edge the last row and column are computed again; nothing is stored there.
  uint row_at[kRows], column_at[4];
  for (uint p = 0; p < kRows; ++p) row_at[p] = batch.left + min(first_row + p, rows - 1) * left_row;
  for (uint j = 0; j < 4; ++j) column_at[j] = batch.right + min(first_column + j, columns - 1) * right_column;
  vec4 sum[kRows];
  for (uint p = 0; p < kRows; ++p) sum[p] = vec4(0.0);

  for (uint first = part * steps; first < end;) {  // runs of one outer depth
    const uint outer = divide(first, depth0);
    const uint inner = first - outer * depth0;
    const uint run = min(depth0 - inner, end - first);
    const uint l = outer * left_depth[1] + inner * left_depth[0];
    const uint r = outer * right_depth[1] + inner * right_depth[0];
    for (uint k = 0; k < run; k += kUnroll) {
      vec4 w[kUnroll];  // of four columns
#if defined(RIGHT_DEPTH)
      const uint right_term = r + k;
      const mat4 terms4 = transpose(mat4(loaded(right.at[(column_at[0] + right_term) / 4]), loaded(right.at[(column_at[1] + right_term) / 4]),
                                         loaded(right.at[(column_at[2] + right_term) / 4]), loaded(right.at[(column_at[3] + right_term) / 4])));
      for (uint u = 0; u < kUnroll; ++u) w[u] = terms4[u];
#else
      for (uint u = 0; u < kUnroll; ++u) {
        const uint right_term = r + (k + u) * right_depth[0];
#if defined(RIGHT_COLUMNS)
        w[u] = loaded(right.at[(column_at[0] + right_term) / 4]);
#else
        w[u] = vec4(right.at[column_at[0] + right_term], right.at[column_at[1] + right_term], right.at[column_at[2] + right_term],
                    right.at[column_at[3] + right_term]);
#endif
      }
#endif
#if defined(LEFT_DEPTH)
      for (uint p = 0; p < kRows; ++p) {
        const vec4 value = loaded(left.at[(row_at[p] + l + k) / 4]);
        for (uint u = 0; u < kUnroll; ++u) sum[p] = fma(vec4(value[u]), w[u], sum[p]);
      }
#elif defined(LEFT_ROWS)
      for (uint u = 0; u < kUnroll; ++u)
        for (uint p = 0; p < kRows; p += 4) {
          const vec4 value = loaded(left.at[(row_at[p] + l + (k + u) * left_depth[0]) / 4]);
          for (uint q = 0; q < 4; ++q) sum[p + q] = fma(vec4(value[q]), w[u], sum[p + q]);
        }
#else
      for (uint p = 0; p < kRows; ++p)
        for (uint u = 0; u < kUnroll; ++u) sum[p] = fma(vec4(left.at[row_at[p] + l + (k + u) * left_depth[0]]), w[u], sum[p]);
#endif
    }
    first += run;
  }

  const uint base = part * rows * columns * batches + batch.y;
  for (uint p = 0; p < kRows; ++p)
    for (uint j = 0; j < 4; ++j)
      if (first_row + p < rows && first_column + j < columns)
        y.at[base + (first_row + p) * y_row + (first_column + j) * y_column] = STORED(sum[p][j]);
}
