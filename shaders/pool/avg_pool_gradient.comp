#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Per input element the sum over the windows that cover it of upstream / divisor. One invocation per input pixel and
// channel (or four).
#include "pool/window.glsl"
#include "pool/average.glsl"

layout(push_constant) uniform Push {
  RealIn upstream;
  RealOut result;
  POOL_CONSTANTS
};

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(in_depth * in_height)) return;
  uvec3 place = locate_row(row, uint(in_depth), uint(in_height));
  ivec2 planes = covering(int(place.y), stride[0], padding[0], kernel[0] - 1, out_depth);
  ivec2 lines = covering(int(place.z), stride[1], padding[1], kernel[1] - 1, out_height);
  for (uint t = row_start(); t < uint(in_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    ivec2 columns = covering(int(column), stride[2], padding[2], kernel[2] - 1, out_width);
    REAL total = REAL(0);
    for (int z = planes.x; z <= planes.y; ++z) {
      int divisor_z = window(z, stride[0], padding[0], kernel[0], in_depth, count_include_pad).divisor;
      for (int y = lines.x; y <= lines.y; ++y) {
        int divisor = divisor_z * window(y, stride[1], padding[1], kernel[1], in_height, count_include_pad).divisor;
        uint base = ((place.x * uint(out_depth) + uint(z)) * uint(out_height) + uint(y)) * uint(out_width);
        for (int from = columns.x; from <= columns.y; ++from) {
          int divisor_x = window(from, stride[2], padding[2], kernel[2], in_width, count_include_pad).divisor;
          total += upstream.at[(base + uint(from)) * vectors + channel] / float(divisor * divisor_x);
        }
      }
    }
    result.at[row * uint(in_width) * vectors + t] = total;
  }
}
