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

#ifdef WIDE
// Asks for the rows of the turn that begins at once (common/touch.glsl): they lie one after the other. A group whose channels
// are the first asks for all channels; the groups of the others follow on the same core.
#include "common/touch.glsl"
layout(constant_id = 3) const bool kTouch = false;  // a group is one subgroup, whose lanes are of one block

#ifdef HALF_IN
const uint kLineVectors = 8;
#else
const uint kLineVectors = 4;
#endif

struct Ahead {
  uint first;  // vector of the turn
  uint count;  // vectors to ask for, four rows a lane, or 0
  uint last;   // vector of the tensor
};

Ahead look_ahead(uint samples, uint vectors, uint parts, uint rows, uint block_rows, uint interleave) {
  const uint i = min(linear_group() * gl_WorkGroupSize.x, samples * parts * vectors - 1);
  const Part part = locate_part(i, vectors, parts, rows, block_rows, interleave);
  const bool leads = part.channel == 0 && divide(part.first, block_rows) * block_rows == part.first;
  return Ahead((part.sample_index * rows + part.first) * vectors, kTouch && leads ? 4 * interleave * vectors : 0,
               samples * rows * vectors - 1);
}

void touch_turn(StoredRealIn x, Ahead ahead) {
  for (uint v = 0; v < ahead.count; v += 4 * kLineVectors)
    [[unroll]] for (uint line = 0; line < 4; ++line)
      keep(LOADED_REAL(x.at[min(ahead.first + v + line * kLineVectors, ahead.last)]).x);
}

// No tensor has 0 samples.
#define KEEP_TOUCHED(samples, result) keep_touched(samples == 0, uint64_t(result));
#endif
