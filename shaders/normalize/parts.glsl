// x as `samples` pieces of `rows` pixels of `vectors` channel vectors. Batch statistics: one piece, N * spatial rows;
// statistics per sample: N pieces. A piece's rows are cut in blocks of block_rows, a block is shared by `interleave`
// invocations that take every interleave-th row, so that neighbours read neighbouring addresses. On a GPU a piece is
// one block; on a CPU an invocation group stays within a block, which its caches and prefetchers like.
#extension GL_EXT_control_flow_attributes : require
#include "common/compensated.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

#define PARTS_CONSTANTS \
  uint samples;         \
  uint rows;            \
  uint vectors;         \
  uint parts;           \
  uint block_rows;      \
  uint interleave;

// What one invocation works on: rows first, first + interleave, ... below end, of a sample and a channel vector.
struct Part {
  uint sample_index;
  uint channel;  // in vectors
  uint first;
  uint end;
};

Part locate_part(uint i, uint vectors, uint parts, uint rows, uint block_rows, uint interleave) {
  uint line = divide(i, vectors);
  uint n = divide(line, parts);
  uint part = line - n * parts;
  uint block = divide(part, interleave);
  uint start = block * block_rows;
  return Part(n, i - line * vectors, start + part - block * interleave, min(start + block_rows, rows));
}

// Where an invocation reads and writes, and where the first lane of its group does.
struct Cursor {
  uint at;  // vector of the tensor
  uint first;
  uint last;  // that `first` may be
};

#ifdef WIDE
#include "common/lanes.glsl"
layout(constant_id = 3) const bool kShared = false;  // loads, see load_stored_fours: a group's vectors are neighbours in all turns
#endif

Cursor cursor_at(Part part, uint samples, uint vectors, uint parts, uint rows, uint block_rows, uint interleave) {
  Cursor cursor;
  cursor.at = (part.sample_index * rows + part.first) * vectors + part.channel;
#ifdef WIDE
  const uint i = min(linear_group() * gl_WorkGroupSize.x, samples * parts * vectors - gl_WorkGroupSize.x);
  const Part first = locate_part(i, vectors, parts, rows, block_rows, interleave);
  cursor.first = (first.sample_index * rows + first.first) * vectors + first.channel;
  cursor.last = samples * rows * vectors - gl_WorkGroupSize.x;
#endif
  return cursor;
}

void advance(inout Cursor cursor, uint by) {
  cursor.at += by;
  cursor.first += by;
}

// So many vectors behind the cursor.
REAL load_behind(StoredRealIn x, Cursor cursor, uint behind) {
#ifdef WIDE
  if (kShared) return load_stored_fours(uint64_t(x) + uint64_t(min(cursor.first + behind, cursor.last)) * kStoredFourBytes);
#endif
  return LOADED_REAL(x.at[cursor.at + behind]);
}
