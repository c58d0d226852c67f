#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Sums of u and of u * xhat of each part and channel, where u is the upstream gradient (behind relu, if any) and xhat
// the normalized x. Result: two planes of (samples, parts, C). One invocation per part and channel (or four).
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
  for (uint row = part.first; row < part.end; row += interleave) {
    uint at = base + row * vectors;
    REAL value = LOADED_REAL(x.at[at]);
    REAL u = LOADED_REAL(upstream.at[at]);
    if (relu != 0) u = pass_positive(u, apply_affine(value, a));
    add_to(plain, plain_lost, u);
    add_to(along, along_lost, u * (value - a.mean));
  }
  sums.at[i] = STORED_F32(plain);
  sums.at[total + i] = STORED_F32(along * a.deviation);
}
