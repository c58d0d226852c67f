#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Per input element the sum over the windows that cover it of upstream / divisor. One invocation per input pixel and
// channel (or four).
#include "pool/window.glsl"
#include "pool/average.glsl"

layout(push_constant) uniform Push {
  StoredRealIn upstream;
  StoredRealOut result;
  POOL_CONSTANTS
};

// A dilated window skips elements between its first and its last.
bool skips(int o, int i, int stride, int padding, int dilation) {
  int distance = i + padding - o * stride;
  return dilation != 1 && quotient(distance, dilation) * dilation != distance;
}

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(in_depth * in_height)) return;
  uvec3 place = locate_row(row, uint(in_depth), uint(in_height));
  ivec2 planes = COVERING(int(place.y), 0, in_depth, out_depth);
  ivec2 lines = COVERING(int(place.z), 1, in_height, out_height);
  for (uint t = row_start(); t < uint(in_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    ivec2 columns = COVERING(int(column), 2, in_width, out_width);
    REAL total = REAL(0);
    for (int z = planes.x; z <= planes.y; ++z) {
      if (skips(z, int(place.y), stride[0], padding[0], dilation[0])) continue;
      int divisor_z = DIVISOR(z, 0, in_depth, out_depth);
      for (int y = lines.x; y <= lines.y; ++y) {
        if (skips(y, int(place.z), stride[1], padding[1], dilation[1])) continue;
        int divisor_y = divisor_z * DIVISOR(y, 1, in_height, out_height);
        uint base = ((place.x * uint(out_depth) + uint(z)) * uint(out_height) + uint(y)) * uint(out_width);
        for (int from = columns.x; from <= columns.y; ++from) {
          if (skips(from, int(column), stride[2], padding[2], dilation[2])) continue;
          int divisor = divisor_override != 0 ? divisor_override : divisor_y * (DIVISOR(from, 2, in_width, out_width));
          total += LOADED_REAL(upstream.at[(base + uint(from)) * vectors + channel]) / float(divisor);
        }
      }
    }
    result.at[row * uint(in_width) * vectors + t] = STORED_REAL(total);
  }
}
