#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// d x = (weight u - mean(weight u) - xhat mean(weight u xhat)) / deviation. One invocation per part and channel (or
// four).
#include "normalize/parts.glsl"
#include "normalize/affine.glsl"

layout(push_constant) uniform Push {
  StoredRealIn upstream;
  StoredRealIn x;
  FloatIn mean;
  FloatIn variance;
  FloatIn weight;
  FloatIn bias;
  FloatIn means;
  StoredRealOut result;
  PARTS_CONSTANTS
  AFFINE_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  if (i >= samples * parts * vectors) return;
  Part part = locate_part(i, vectors, parts, rows, block_rows, interleave);
  uint channels = vectors * kLanes;
  Affine a = load_affine(mean, variance, weight, bias, part.sample_index, part.channel, channels, groups, eps, affine != 0);
  uint statistics = groups == 0 ? channels : samples * groups;
  REAL offset;
  REAL slope;
  for (uint lane = 0; lane < kLanes; ++lane) {
    uint s = statistic_of(part.sample_index, part.channel * kLanes + lane, groups, channels);
    LANE(offset, lane) = means.at[s];
    LANE(slope, lane) = means.at[statistics + s];
  }
  slope *= a.deviation;
  Cursor cursor = cursor_at(part, samples, vectors, parts, rows, block_rows, interleave);
  for (uint row = part.first; row < part.end; row += interleave) {
    REAL value = load_behind(x, cursor, 0);
    REAL u = load_behind(upstream, cursor, 0);
    if (relu != 0) u = pass_positive(u, apply_affine(value, a));
    result.at[cursor.at] = STORED_REAL((a.weight * u - offset - (value - a.mean) * slope) * a.deviation);
    advance(cursor, interleave * vectors);
  }
}
