#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Sends pooled values back to where their maximum was. Per input element: the sum over the windows that chose it
// (gradient of max_pool), or with UNPOOL the last of them. One invocation per input pixel and channel (or four).
#include "pool/window.glsl"

layout(push_constant) uniform Push {
  StoredRealIn pooled;
  IntegerIn indices;
  StoredRealOut result;
  POOL_CONSTANTS
};

void collect(float value, int index, int here, inout float total) {
#ifdef UNPOOL
  total = index == here ? value : total;
#else
  total += index == here ? value : 0.0;
#endif
}

#ifdef VEC4
void collect(vec4 value, ivec4 index, int here, inout vec4 total) {
  collect(value.x, index.x, here, total.x);
  collect(value.y, index.y, here, total.y);
  collect(value.z, index.z, here, total.z);
  collect(value.w, index.w, here, total.w);
}
#endif

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
    int here = int((place.y * uint(in_height) + place.z) * uint(in_width) + column);
    REAL total = REAL(0);
    for (int z = planes.x; z <= planes.y; ++z)
      for (int y = lines.x; y <= lines.y; ++y) {
        uint base = ((place.x * uint(out_depth) + uint(z)) * uint(out_height) + uint(y)) * uint(out_width);
        for (int from = columns.x; from <= columns.y; ++from) {
          uint at = (base + uint(from)) * vectors + channel;
          collect(LOADED_REAL(pooled.at[at]), indices.at[at], here, total);
        }
      }
    result.at[row * uint(in_width) * vectors + t] = STORED_REAL(total);
  }
}
