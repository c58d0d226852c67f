#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Mean over a window; padding counts as zeros in the divisor where count_include_pad is set, but never what lies
// beyond the right padding. One invocation per output pixel and channel (or four).
#include "pool/window.glsl"
#include "pool/average.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  StoredRealOut result;
  POOL_CONSTANTS
};

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(out_depth * out_height)) return;
  uvec3 place = locate_row(row, uint(out_depth), uint(out_height));
  Window planes = WINDOW(int(place.y), 0, in_depth, out_depth);
  Window lines = WINDOW(int(place.z), 1, in_height, out_height);
  int row_divisor = DIVISOR(int(place.y), 0, in_depth, out_depth) * DIVISOR(int(place.z), 1, in_height, out_height);
  for (uint t = row_start(); t < uint(out_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    Window columns = WINDOW(int(column), 2, in_width, out_width);
    REAL sum = REAL(0);
    for (int z = planes.first; z < planes.end; z += planes.step)
      for (int y = lines.first; y < lines.end; y += lines.step) {
        uint base = ((place.x * uint(in_depth) + uint(z)) * uint(in_height) + uint(y)) * uint(in_width);
        for (int from = columns.first; from < columns.end; from += columns.step) sum += LOADED_REAL(x.at[(base + uint(from)) * vectors + channel]);
      }
    int divisor = divisor_override != 0 ? divisor_override : row_divisor * (DIVISOR(int(column), 2, in_width, out_width));
    result.at[row * uint(out_width) * vectors + t] = STORED_REAL(sum / float(divisor));
  }
}
