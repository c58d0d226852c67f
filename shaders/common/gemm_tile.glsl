// A tile of a matrix product in registers, its operands passing through two buffers of shared memory in turn: while one is
// multiplied, the other is filled. Left side: kRows rows; right side: kColumns columns; kDepth terms of the sum at a time.
//
// An invocation holds 4 kRowBlocks rows x 4 kColumnBlocks columns, in blocks of 4 x 4 spread over the tile so that neighbours
// read neighbouring words of shared memory. Shared memory lies by terms, (kDepth, rows) and (kDepth, columns); the left one's
// rows are 4 words longer than the tile, which spreads quads of terms that are written one by one over the banks.
//
// Who includes this defines place_of() and store() and runs
//   clear_sums(), put_left_terms() or put_left_rows(), put_right(); for each kDepth terms: barrier(), multiply(); finish().
#ifndef TUFF_GEMM_TILE_GLSL
#define TUFF_GEMM_TILE_GLSL
#extension GL_EXT_control_flow_attributes : require

layout(constant_id = 3) const uint kRows = 64;
layout(constant_id = 4) const uint kColumns = 64;
layout(constant_id = 5) const uint kDepth = 8;
layout(constant_id = 6) const uint kRowBlocks = 2;
layout(constant_id = 7) const uint kColumnBlocks = 1;
layout(constant_id = 8) const uint kUnrolled = 8;  // terms; divides kDepth. CPU drivers compile one in an eighth of the time

const uint kLanesAcross = kColumns / (4 * kColumnBlocks);
const uint kLanesDown = kRows / (4 * kRowBlocks);
const uint kInvocations = kLanesAcross * kLanesDown;  // the workgroup's size
const uint kRowStride = kRows / 4 + 1;                // in vec4
const uint kColumnStride = kColumns / 4;

shared vec4 left_tile[2 * kDepth * kRowStride];
shared vec4 right_tile[2 * kDepth * kColumnStride];
vec4 sum[kRowBlocks * 4 * kColumnBlocks];

// Where row `row` of the result begins, in vec4; kNowhere for a row that there isn't.
uint place_of(uint row);
// Four neighbouring columns of a row, from column 4 * quad on (which may lie beyond the last).
void store(uint place, uint quad, vec4 value);

const uint kNowhere = 0xffffffffu;

void clear_sums() {
  [[unroll]] for (uint i = 0; i < kRowBlocks * 4 * kColumnBlocks; ++i) sum[i] = vec4(0.0);
}

// Four neighbouring terms of one row.
void put_left_terms(uint buffer_number, uint term, uint row, vec4 values) {
  const uint at = (buffer_number * kDepth + term) * kRowStride + row / 4;
  [[unroll]] for (uint i = 0; i < 4; ++i) left_tile[at + i * kRowStride][row % 4] = values[i];
}

// One term of four neighbouring rows, from row 4 * quad on.
void put_left_rows(uint buffer_number, uint term, uint quad, vec4 values) {
  left_tile[(buffer_number * kDepth + term) * kRowStride + quad] = values;
}

// One term of four neighbouring columns.
void put_right(uint buffer_number, uint term, uint quad, vec4 values) {
  right_tile[(buffer_number * kDepth + term) * kColumnStride + quad] = values;
}

void multiply(uint buffer_number) {
  const uint across = gl_LocalInvocationID.x % kLanesAcross, down = gl_LocalInvocationID.x / kLanesAcross;
  for (uint d = 0; d < kDepth; d += kUnrolled) [[unroll]] for (uint u = 0; u < kUnrolled; ++u) {
    const uint term = buffer_number * kDepth + d + u;
    vec4 left[kRowBlocks], right[kColumnBlocks];
    [[unroll]] for (uint i = 0; i < kRowBlocks; ++i) left[i] = left_tile[term * kRowStride + down + i * kLanesDown];
    [[unroll]] for (uint j = 0; j < kColumnBlocks; ++j) right[j] = right_tile[term * kColumnStride + across + j * kLanesAcross];
    [[unroll]] for (uint i = 0; i < kRowBlocks; ++i)
      [[unroll]] for (uint r = 0; r < 4; ++r)
        [[unroll]] for (uint j = 0; j < kColumnBlocks; ++j) {
          const uint at = (i * 4 + r) * kColumnBlocks + j;
          sum[at] = fma(vec4(left[i][r]), right[j], sum[at]);
        }
  }
}

// Stores the tile whose first row and first quad of columns these are.
void finish(uint first_row, uint first_quad) {
  const uint across = gl_LocalInvocationID.x % kLanesAcross, down = gl_LocalInvocationID.x / kLanesAcross;
  [[unroll]] for (uint i = 0; i < kRowBlocks; ++i)
    [[unroll]] for (uint r = 0; r < 4; ++r) {
      const uint place = place_of(first_row + (down + i * kLanesDown) * 4 + r);
      if (place == kNowhere) continue;
      [[unroll]] for (uint j = 0; j < kColumnBlocks; ++j)
        store(place, first_quad + across + j * kLanesAcross, sum[(i * 4 + r) * kColumnBlocks + j]);
    }
}

#endif
