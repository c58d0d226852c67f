#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Per source pixel the sum over the targets that read it of upstream * weight. One invocation per source pixel and
// channel (or four).
#include "resize/sample.glsl"

layout(push_constant) uniform Push {
  StoredRealIn upstream;
  StoredRealOut result;
  RESIZE_CONSTANTS
};

// The targets (first, last) that may read source i: those whose position lies in (i - 1, i + 1), or [i, i + 1) for
// nearest, give or take rounding; the outermost sources also serve what lies beyond them. weight_of decides.
ivec2 readers(int i, int axis) {
  if (step[axis] == 0.0) return ivec2(0, to_extent[axis] - 1);
  float low = linear == 0 ? float(i) : float(i - 1);
  float high = float(i + 1);
  float shift = linear != 0 && align_corners == 0 ? 0.5 : 0.0;
  low = (low + shift) / step[axis] - shift;
  high = (high + shift) / step[axis] - shift;
  float slack = 0.01 + 1e-6 * float(to_extent[axis]);
  int first = i == 0 ? 0 : max(int(ceil(low - slack)), 0);
  int last = i == from_extent[axis] - 1 ? to_extent[axis] - 1 : min(int(floor(high + slack)), to_extent[axis] - 1);
  return ivec2(first, last);
}

float weight_of(int o, int i, int axis) {
  Sample at = sample_at(o, from_extent[axis], step[axis], linear != 0, align_corners != 0);
  return (at.first == i ? 1.0 - at.weight : 0.0) + (at.second == i ? at.weight : 0.0);
}

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(from_extent[0] * from_extent[1])) return;
  uvec3 place = locate_row(row, uint(from_extent[0]), uint(from_extent[1]));
  ivec2 planes = readers(int(place.y), 0);
  ivec2 lines = readers(int(place.z), 1);
  for (uint t = row_start(); t < uint(from_extent[2]) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    ivec2 columns = readers(int(column), 2);
    REAL total = REAL(0);
    for (int z = planes.x; z <= planes.y; ++z) {
      float weight_z = weight_of(z, int(place.y), 0);
      if (weight_z == 0.0) continue;
      for (int y = lines.x; y <= lines.y; ++y) {
        float weight_y = weight_z * weight_of(y, int(place.z), 1);
        if (weight_y == 0.0) continue;
        uint base = ((place.x * uint(to_extent[0]) + uint(z)) * uint(to_extent[1]) + uint(y)) * uint(to_extent[2]);
        for (int o = columns.x; o <= columns.y; ++o) {
          float weight = weight_of(o, int(column), 2);
          if (weight != 0.0) total += LOADED_REAL(upstream.at[(base + uint(o)) * vectors + channel]) * (weight_y * weight);
        }
      }
    }
    result.at[row * uint(from_extent[2]) * vectors + t] = STORED_REAL(total);
  }
}
