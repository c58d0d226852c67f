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
  uint base = part.sample_index * rows * vectors + part.channel;
  REAL plain = REAL(0);
  REAL plain_lost = REAL(0);
  REAL along = REAL(0);
  REAL along_lost = REAL(0);
#ifdef WIDE
  Ahead ahead = look_ahead(samples, vectors, parts, rows, block_rows, interleave);
#endif
  uint row = part.first;
  for (; row + 3 * interleave < part.end; row += 4 * interleave) {
#ifdef WIDE
    touch_turn(x, ahead);
    touch_turn(upstream, ahead);
    ahead.first += 4 * interleave * vectors;
#endif
    REAL u[4], product[4];
    [[unroll]] for (uint r = 0; r < 4; ++r) {
      uint at = base + (row + r * interleave) * vectors;
      REAL value = LOADED_REAL(x.at[at]);
      u[r] = LOADED_REAL(upstream.at[at]);
      if (relu != 0) u[r] = pass_positive(u[r], apply_affine(value, a));
      product[r] = u[r] * (value - a.mean);
    }
    add_to(plain, plain_lost, (u[0] + u[1]) + (u[2] + u[3]));
    add_to(along, along_lost, (product[0] + product[1]) + (product[2] + product[3]));
  }
  for (; row < part.end; row += interleave) {
    uint at = base + row * vectors;
    REAL value = LOADED_REAL(x.at[at]);
    REAL u = LOADED_REAL(upstream.at[at]);
    if (relu != 0) u = pass_positive(u, apply_affine(value, a));
    add_to(plain, plain_lost, u);
    add_to(along, along_lost, u * (value - a.mean));
  }
  sums.at[i] = STORED_F32(plain);
  sums.at[total + i] = STORED_F32(along * a.deviation);
#ifdef WIDE
  KEEP_TOUCHED(samples, sums)
#endif
}
