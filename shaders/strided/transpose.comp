// A copy through strides where x is contiguous along another axis than y: y's innermost axis (stride x_step in x) is
// called the rows, the axis of stride 1 in x the columns, which lie y_step apart in y. One invocation copies a block of
// 4 x 4, reading and writing four vectors; a group copies a tile of 4 kWide rows by 4 (64 / kWide) columns, so
// that both sides are read and written in runs. Extents of both axes, the offset and all strides but the columns' are
// multiples of 4.
#version 450
#extension GL_GOOGLE_include_directive : require
#define VEC4
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(constant_id = 3) const uint kWide = 8;  // a power of two

layout(push_constant) uniform Push {
  WordIn x;
  WordOut y;
  uint tiles;
  uint rounds;
  uint offset;
  uint rows, columns;
  uint x_step, y_step;
  uint row_tiles[3], column_tiles[3];  // extent; multiplier and shift of the division by it
  uint first[3], second[3];            // the same of two of y's other axes, inner to outer; a third is outermost
  uint x_strides[3], y_strides[3];     // of these three
} push;

void copy_block(uint from, uint to) {
  WORDS a = LOADED_WORDS(push.x.at[from / 4]);
  WORDS b = LOADED_WORDS(push.x.at[(from + push.x_step) / 4]);
  WORDS c = LOADED_WORDS(push.x.at[(from + 2 * push.x_step) / 4]);
  WORDS d = LOADED_WORDS(push.x.at[(from + 3 * push.x_step) / 4]);
  push.y.at[to / 4] = STORED_WORDS(WORDS(a.x, b.x, c.x, d.x));
  push.y.at[(to + push.y_step) / 4] = STORED_WORDS(WORDS(a.y, b.y, c.y, d.y));
  push.y.at[(to + 2 * push.y_step) / 4] = STORED_WORDS(WORDS(a.z, b.z, c.z, d.z));
  push.y.at[(to + 3 * push.y_step) / 4] = STORED_WORDS(WORDS(a.w, b.w, c.w, d.w));
}

void copy_tile(uint tile) {
  uint next = quotient(tile, push.row_tiles[0], push.row_tiles[1], push.row_tiles[2]);
  uint row = (tile - next * push.row_tiles[0]) * 4 * kWide;
  tile = next;
  next = quotient(tile, push.column_tiles[0], push.column_tiles[1], push.column_tiles[2]);
  uint column = (tile - next * push.column_tiles[0]) * 4 * (gl_WorkGroupSize.x / kWide);
  tile = next;
  next = quotient(tile, push.first[0], push.first[1], push.first[2]);
  uint outer = quotient(next, push.second[0], push.second[1], push.second[2]);
  uvec3 at = uvec3(tile - next * push.first[0], next - outer * push.second[0], outer);
  row += 4 * (gl_LocalInvocationID.x % kWide);
  column += 4 * (gl_LocalInvocationID.x / kWide);
  if (row >= push.rows || column >= push.columns) return;
  uint from = push.offset + row * push.x_step + column;
  uint to = row + column * push.y_step;
  for (uint axis = 0; axis < 3; ++axis) {
    from += at[axis] * push.x_strides[axis];
    to += at[axis] * push.y_strides[axis];
  }
  copy_block(from, to);
}

void main() {
  uint tile = linear_group() * push.rounds;
  for (uint round = 0; round < push.rounds && tile + round < push.tiles; ++round) copy_tile(tile + round);
}
