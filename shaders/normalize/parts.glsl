// x as `samples` pieces of `rows` pixels of `vectors` channel vectors. Batch statistics: one piece, N * spatial rows;
// statistics per sample: N pieces. A piece's rows are cut in blocks of block_rows, a block is shared by `interleave`
// invocations that take every interleave-th row, so that neighbours read neighbouring addresses. On a GPU a piece is
// one block; on a CPU an invocation group stays within a block, which its caches and prefetchers like.
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
