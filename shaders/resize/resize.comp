#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// One invocation per output pixel and channel (or four).
#include "resize/sample.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  StoredRealOut result;
  RESIZE_CONSTANTS
};

// Along a line of x that starts at `base`.
REAL along(uint base, Sample at) {
  REAL first = LOADED_REAL(x.at[base + uint(at.first) * vectors]);
  if (at.weight == 0.0) return first;
  return first * (1.0 - at.weight) + LOADED_REAL(x.at[base + uint(at.second) * vectors]) * at.weight;
}

REAL line(uint n, int z, int y, uint channel, Sample at) {
  return along(((n * uint(from_extent[0]) + uint(z)) * uint(from_extent[1]) + uint(y)) * uint(from_extent[2]) * vectors + channel, at);
}

REAL plane(uint n, int z, Sample y, uint channel, Sample at) {
  REAL first = line(n, z, y.first, channel, at);
  if (y.weight == 0.0) return first;
  return first * (1.0 - y.weight) + line(n, z, y.second, channel, at) * y.weight;
}

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(to_extent[0] * to_extent[1])) return;
  uvec3 place = locate_row(row, uint(to_extent[0]), uint(to_extent[1]));
  bool is_linear = linear != 0;
  bool aligned = align_corners != 0;
  Sample z = sample_at(int(place.y), from_extent[0], step[0], is_linear, aligned);
  Sample y = sample_at(int(place.z), from_extent[1], step[1], is_linear, aligned);
  for (uint t = row_start(); t < uint(to_extent[2]) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    Sample at = sample_at(int(column), from_extent[2], step[2], is_linear, aligned);
    REAL value = plane(place.x, z.first, y, channel, at);
    if (z.weight != 0.0) value = value * (1.0 - z.weight) + plane(place.x, z.second, y, channel, at) * z.weight;
    result.at[row * uint(to_extent[2]) * vectors + t] = STORED_REAL(value);
  }
}
