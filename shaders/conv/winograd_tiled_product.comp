// The matrix products of a Winograd convolution for GPUs or, with GRADIENT, of its weight gradient, one for each position of
// a tile (common/gemm_tile.glsl): result (positions, R, columns) is left (positions, R, terms) times right (positions,
// terms, columns). GRADIENT: left is (positions, terms, R), parts of the sum go to workgroups of their own, result (parts,
// positions, R, columns) has all of them, and with `further` is added to. Columns are a multiple of 4; rows and terms too.
//
// kAligned: terms and columns fit the tiles, with GRADIENT rows and columns. What is not asked for fits always: the caller
// fills up the rows, with GRADIENT the terms.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/gemm_tile.glsl"
#include "common/grid.glsl"

layout(constant_id = 9) const bool kAligned = false;

#ifdef GRADIENT
#define RESULT Vec4InOut
#else
#define RESULT Vec4Out
#endif
layout(push_constant) uniform Push {
  Vec4In left;
  Vec4In right;
  RESULT result;
  uint rows;
  uint columns;
  uint terms;
  uint positions;
  uint part_terms;  // of each part
  uint further;
};

uint result_start;  // where the position's result begins, in vec4

uint place_of(uint row) {
#ifdef GRADIENT
  if (!kAligned && row >= rows) return kNowhere;
#endif
  return result_start + row * (columns / 4);
}

void store(uint place, uint quad, vec4 value) {
  if (!kAligned && quad >= columns / 4) return;
#ifdef GRADIENT
  if (further != 0) value += result.at[place + quad];
#endif
  result.at[place + quad] = value;
}

// What an invocation brings of each step's operands: quads of a row's terms (GRADIENT: of a term's rows) on the left, of a
// term's columns on the right.
#ifdef GRADIENT
const uint kQuads = kRows / 4;
const uint kLines = kDepth;
#else
const uint kQuads = kDepth / 4;
const uint kLines = kRows;
#endif
const uint kLeftLoads = (kLines * kQuads + kInvocations - 1) / kInvocations;
const uint kRightLoads = (kDepth * kColumnStride + kInvocations - 1) / kInvocations;
// Whether all invocations bring the same number, so that none need be told apart.
const bool kLeftEven = kLines * kQuads % kInvocations == 0, kRightEven = kDepth * kColumnStride % kInvocations == 0;
vec4 left_loaded[kLeftLoads], right_loaded[kRightLoads];

// Loads the terms from `term` on. `left_start` and `right_start`: where the position's operands begin, in vec4.
void fetch(uint left_start, uint right_start, uint first_row, uint first_quad, uint term) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations, line = element / kQuads, quad = element % kQuads;
#ifdef GRADIENT
    const uint width = rows / 4, at = (term + line) * width, across = first_row / 4 + quad;
#else
    const uint width = terms / 4, at = (first_row + line) * width, across = term / 4 + quad;
#endif
    left_loaded[i] = vec4(0.0);
    if ((kLeftEven || line < kLines) && (kAligned || across < width)) left_loaded[i] = left.at[left_start + at + across];
  }
  [[unroll]] for (uint i = 0; i < kRightLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    const uint line = element / kColumnStride, quad = first_quad + element % kColumnStride;
    right_loaded[i] = vec4(0.0);
    if ((kRightEven || line < kDepth) && (kAligned || term + line < terms && quad < columns / 4))
      right_loaded[i] = right.at[right_start + (term + line) * (columns / 4) + quad];
  }
}

void keep(uint buffer_number) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations, line = element / kQuads, quad = element % kQuads;
#ifdef GRADIENT
    if (kLeftEven || line < kLines) put_left_rows(buffer_number, line, quad, left_loaded[i]);
#else
    if (kLeftEven || line < kLines) put_left_terms(buffer_number, quad * 4, line, left_loaded[i]);
#endif
  }
  [[unroll]] for (uint i = 0; i < kRightLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    if (kRightEven || element < kDepth * kColumnStride)
      put_right(buffer_number, element / kColumnStride, element % kColumnStride, right_loaded[i]);
  }
}

// Groups go by tiles of columns, of rows, by positions and parts.
void main() {
  const uint column_tiles = (columns + kColumns - 1) / kColumns, row_tiles = (rows + kRows - 1) / kRows;
  const uint group = linear_group(), product = group / (column_tiles * row_tiles);
  const uint first_quad = group % column_tiles * kColumnStride, first_row = group / column_tiles % row_tiles * kRows;
  const uint position = product % positions, first_term = product / positions * part_terms;
  if (first_term >= terms) return;  // groups beyond the last, where the grid was folded
  const uint last_term = min(first_term + part_terms, terms);
  const uint left_start = position * rows * (terms / 4), right_start = position * terms * (columns / 4);
  result_start = product * rows * (columns / 4);

  clear_sums();
  fetch(left_start, right_start, first_row, first_quad, first_term);
  keep(0);
  uint buffer_number = 0;
  for (uint term = first_term; term < last_term; term += kDepth) {
    barrier();
    const bool more = term + kDepth < last_term;
    if (more) fetch(left_start, right_start, first_row, first_quad, term + kDepth);
    multiply(buffer_number);
    buffer_number = 1 - buffer_number;
    if (more) keep(buffer_number);
  }
  finish(first_row, first_quad);
}
