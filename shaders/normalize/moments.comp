#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Mean and sum of squared deviations of each part and channel: moments of blocks of four rows, combined as they come
// (Chan et al. 1983). Values are taken relative to the part's first, so that rounding is relative to the deviation.
// Result: three planes of (samples, parts, C): mean, squares, count. One invocation per part and channel (or four).
#include "normalize/parts.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  RealOut moments;
  PARTS_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  uint total = samples * parts * vectors;
  if (i >= total) return;
  Part part = locate_part(i, vectors, parts, rows, block_rows, interleave);
  Cursor cursor = cursor_at(part, samples, vectors, parts, rows, block_rows, interleave);
  const uint step = interleave * vectors;
  REAL origin = LOADED_REAL(x.at[(part.sample_index * rows + min(part.first, rows - 1)) * vectors + part.channel]);
  REAL mean = REAL(0);
  REAL mean_lost = REAL(0);
  REAL squares = REAL(0);
  REAL squares_lost = REAL(0);
  float count = 0.0;
  uint row = part.first;
  for (; row + 3 * interleave < part.end; row += 4 * interleave) {
    REAL a = load_behind(x, cursor, 0) - origin;
    REAL b = load_behind(x, cursor, step) - origin;
    REAL c = load_behind(x, cursor, 2 * step) - origin;
    REAL d = load_behind(x, cursor, 3 * step) - origin;
    advance(cursor, 4 * step);
    REAL block = ((a + b) + (c + d)) * 0.25;
    a -= block;
    b -= block;
    c -= block;
    d -= block;
    REAL apart = block - mean;
    float share = 4.0 / (count + 4.0);
    add_to(mean, mean_lost, apart * share);
    add_to(squares, squares_lost, ((a * a + b * b) + (c * c + d * d)) + apart * apart * (count * share));
    count += 4.0;
  }
  for (; row < part.end; row += interleave) {
    REAL apart = load_behind(x, cursor, 0) - origin - mean;
    advance(cursor, step);
    float share = 1.0 / (count + 1.0);
    add_to(mean, mean_lost, apart * share);
    add_to(squares, squares_lost, apart * apart * (count * share));
    count += 1.0;
  }
  moments.at[i] = STORED_F32(origin + mean);
  moments.at[total + i] = STORED_F32(squares);
  moments.at[2 * total + i] = STORED_F32(REAL(count));
}
