#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Maximum and its flat index where every window lies inside the input: no bounds to check, and a window of constant
// size, which the driver unrolls. One invocation per output pixel and channel (or four).
#include "pool/maximum.glsl"
#include "pool/window.glsl"
layout(constant_id = 3) const int kKernelDepth = 1;
layout(constant_id = 4) const int kKernelHeight = 2;
layout(constant_id = 5) const int kKernelWidth = 2;
layout(constant_id = 7) const bool kIndices = true;  // are written
#ifdef WIDE
#include "common/lanes.glsl"
layout(constant_id = 6) const bool kShared = false;  // loads, see load_stored_fours_at: its rows lie within pixels
#ifndef HALF_IN
// A lane takes an element of each row, for which LLVM makes one load, and its fours when all are found.
#define BY_ROWS
#endif
#endif

layout(push_constant) uniform Push {
  StoredRealIn x;
  StoredRealOut result;
  IntegerOut indices;
  POOL_CONSTANTS
};

#ifdef WIDE
// Of the group's lanes, the first of which takes vector `first` of a row of the output: where the first element that row i of
// the loads brings lies, in vectors from the input's line on.
uint[kStoredRows] rows_of_loads(uint first) {
  uint at[kStoredRows];
  [[unroll]] for (int i = 0; i < kStoredRows; ++i) {
    const uint lane = min(first, uint(out_width) * vectors - gl_WorkGroupSize.x) + i * (kGroupLanes / kStoredRows), pixel = divide(lane, vectors);
    at[i] = lane - pixel * vectors + pixel * uint(stride[2]) * vectors;
  }
  return at;
}
#endif

void main() {
  const uint rows = batch * uint(out_depth * out_height);
  if (row_of_group() >= rows) return;
  const uint row = min(row_of_group(), rows - 1);  // loads that all lanes share are done even then
  uvec3 place = locate_row(row, uint(out_depth), uint(out_height));
  int line = (int(place.y) * stride[0] * in_height + int(place.z) * stride[1]) * in_width;
  uint sample_start = place.x * uint(in_depth * in_height * in_width);
  uint first = group_start();  // of the group's lanes
  for (uint t = row_start(); t < uint(out_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    int corner = line + int(column) * stride[2];
    uint base = sample_start * vectors + t - column * vectors;
    REAL best = REAL(0);
    INTEGER index = INTEGER(-1);
#ifdef WIDE
    uint each[kStoredRows];
    if (kShared) each = rows_of_loads(first);
    first += row_stride();
#endif
#ifdef BY_ROWS
    float best_of_row[kStoredRows];
    int index_of_row[kStoredRows];
    [[unroll]] for (int i = 0; i < kStoredRows; ++i) index_of_row[i] = -1;
#endif
    for (int kz = 0; kz < kKernelDepth; ++kz)
      for (int ky = 0; ky < kKernelHeight; ++ky)
        for (int kx = 0; kx < kKernelWidth; ++kx) {
          // Inside the window after the loops' last turns, too.
          const int depth = min(kz, kKernelDepth - 1), line_of = min(ky, kKernelHeight - 1);
          const int tap = (depth * in_height + line_of) * in_width + min(kx, kKernelWidth - 1), at = corner + tap;
#ifdef WIDE
          const uint64_t shared_at = uint64_t(x) + uint64_t((sample_start + uint(line + tap)) * vectors) * kStoredFourBytes;
          if (kShared) {
#ifdef BY_ROWS
            [[unroll]] for (int i = 0; i < kStoredRows; ++i)
              take(load_row(shared_at + uint64_t(each[i]) * kStoredFourBytes), tap, best_of_row[i], index_of_row[i]);
#else
            take(load_stored_fours_at(shared_at, each), at, best, index);
#endif
          } else
#endif
            take(LOADED_REAL(x.at[base + uint(at) * vectors]), at, best, index);
        }
#ifdef BY_ROWS
    if (kShared) {
      best = fours_of(best_of_row);
      float words[kStoredRows];
      [[unroll]] for (int i = 0; i < kStoredRows; ++i) words[i] = intBitsToFloat(index_of_row[i]);
      index = floatBitsToInt(fours_of(words)) + corner;
    }
#endif
    uint to = row * uint(out_width) * vectors + t;
    result.at[to] = STORED_REAL(best);
    if (kIndices) indices.at[to] = STORED_INTEGER(index);
  }
}
