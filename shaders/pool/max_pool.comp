#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Maximum and its flat index in the input's spatial plane. One invocation per output pixel and channel (or four).
#include "pool/maximum.glsl"
#include "pool/window.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  StoredRealOut result;
  IntegerOut indices;
  POOL_CONSTANTS
};

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(out_depth * out_height)) return;
  uvec3 place = locate_row(row, uint(out_depth), uint(out_height));
  Window planes = WINDOW(int(place.y), 0, in_depth, out_depth);
  Window lines = WINDOW(int(place.z), 1, in_height, out_height);
  for (uint t = row_start(); t < uint(out_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    Window columns = WINDOW(int(column), 2, in_width, out_width);
    REAL best = REAL(minus_infinity());
    INTEGER index = INTEGER(-1);
    for (int z = planes.first; z < planes.end; z += planes.step)
      for (int y = lines.first; y < lines.end; y += lines.step) {
        int line = (z * in_height + y) * in_width;
        uint base = (place.x * uint(in_depth * in_height * in_width) + uint(line)) * vectors + channel;
        for (int from = columns.first; from < columns.end; from += columns.step)
          take(LOADED_REAL(x.at[base + uint(from) * vectors]), line + from, best, index);
      }
    uint to = row * uint(out_width) * vectors + t;
    result.at[to] = STORED_REAL(best);
    indices.at[to] = index;
  }
}
