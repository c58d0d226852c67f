#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// y = (x - mean) * weight / sqrt(variance + eps) + bias, maybe relu. One invocation per part and channel (or four).
#include "normalize/parts.glsl"
#include "normalize/affine.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  FloatIn mean;
  FloatIn variance;
  FloatIn weight;
  FloatIn bias;
  StoredRealOut result;
  PARTS_CONSTANTS
  AFFINE_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  if (i >= samples * parts * vectors) return;
  Part part = locate_part(i, vectors, parts, rows, block_rows, interleave);
  Affine a = load_affine(mean, variance, weight, bias, part.sample_index, part.channel, vectors * kLanes, groups, eps, affine != 0);
  Cursor cursor = cursor_at(part, samples, vectors, parts, rows, block_rows, interleave);
  for (uint row = part.first; row < part.end; row += interleave) {
    REAL y = apply_affine(load_behind(x, cursor, 0), a);
    if (relu != 0) y = pass_positive(y, y);
    result.at[cursor.at] = STORED_REAL(y);
    advance(cursor, interleave * vectors);
  }
}
