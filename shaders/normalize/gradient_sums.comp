#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Sums of u and of u * xhat of each part and channel, where u is the upstream gradient (behind relu, if any) and xhat
// the normalized x; rows are added by fours before they reach a compensated sum. Result: two planes of (samples, parts,
// C). One invocation per part and channel (or four).
#include "normalize/parts.glsl"
#include "normalize/affine.glsl"

layout(push_constant) uniform Push {
  StoredRealIn upstream;
  StoredRealIn x;
  FloatIn mean;
  FloatIn variance;
  FloatIn weight;
  FloatIn bias;
  RealOut sums;
  PARTS_CONSTANTS
  AFFINE_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  uint total = samples * parts * vectors;
  if (i >= total) return;
  Part part = locate_part(i, vectors, parts, rows, block_rows, interleave);
  Affine a = load_affine(mean, variance, weight, bias, part.sample_index, part.channel, vectors * kLanes, groups, eps, affine != 0);
  Cursor cursor = cursor_at(part, samples, vectors, parts, rows, block_rows, interleave);
  const uint step = interleave * vectors;
  REAL plain = REAL(0);
  REAL plain_lost = REAL(0);
  REAL along = REAL(0);
  REAL along_lost = REAL(0);
  uint row = part.first;
  for (; row + 3 * interleave < part.end; row += 4 * interleave) {
    REAL u[4], product[4];
    [[unroll]] for (uint r = 0; r < 4; ++r) {
      REAL value = load_behind(x, cursor, r * step);
      u[r] = load_behind(upstream, cursor, r * step);
      if (relu != 0) u[r] = pass_positive(u[r], apply_affine(value, a));
      product[r] = u[r] * (value - a.mean);
    }
    advance(cursor, 4 * step);
    add_to(plain, plain_lost, (u[0] + u[1]) + (u[2] + u[3]));
    add_to(along, along_lost, (product[0] + product[1]) + (product[2] + product[3]));
  }
  for (; row < part.end; row += interleave) {
    REAL value = load_behind(x, cursor, 0);
    REAL u = load_behind(upstream, cursor, 0);
    advance(cursor, step);
    if (relu != 0) u = pass_positive(u, apply_affine(value, a));
    add_to(plain, plain_lost, u);
    add_to(along, along_lost, u * (value - a.mean));
  }
  sums.at[i] = STORED_F32(plain);
  sums.at[total + i] = STORED_F32(along * a.deviation);
}
