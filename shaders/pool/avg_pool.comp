#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Mean over a window; padding counts as zeros in the divisor where count_include_pad is set, but never what lies
// beyond the right padding. One invocation per output pixel and channel (or four).
#include "pool/window.glsl"
#include "pool/average.glsl"

layout(push_constant) uniform Push {
  RealIn x;
  RealOut result;
  POOL_CONSTANTS
};

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(out_depth * out_height)) return;
  uvec3 place = locate_row(row, uint(out_depth), uint(out_height));
  Window window_z = window(int(place.y), stride[0], padding[0], kernel[0], in_depth, count_include_pad);
  Window window_y = window(int(place.z), stride[1], padding[1], kernel[1], in_height, count_include_pad);
  for (uint t = row_start(); t < uint(out_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    Window window_x = window(int(column), stride[2], padding[2], kernel[2], in_width, count_include_pad);
    REAL sum = REAL(0);
    for (int z = window_z.first; z < window_z.end; ++z)
      for (int y = window_y.first; y < window_y.end; ++y) {
        uint base = ((place.x * uint(in_depth) + uint(z)) * uint(in_height) + uint(y)) * uint(in_width);
        for (int from = window_x.first; from < window_x.end; ++from) sum += x.at[(base + uint(from)) * vectors + channel];
      }
    result.at[row * uint(out_width) * vectors + t] = sum / float(window_z.divisor * window_y.divisor * window_x.divisor);
  }
}
