#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Maximum and its flat index in the input's spatial plane. One invocation per output pixel and channel (or four).
#include "pool/maximum.glsl"
#include "pool/window.glsl"

layout(push_constant) uniform Push {
  RealIn x;
  RealOut result;
  IntegerOut indices;
  POOL_CONSTANTS
};

void main() {
  uint row = row_of_group();
  if (row >= batch * uint(out_depth * out_height)) return;
  uvec3 place = locate_row(row, uint(out_depth), uint(out_height));
  ivec2 start_zy = ivec2(place.yz) * ivec2(stride[0], stride[1]) - ivec2(padding[0], padding[1]);
  for (uint t = row_start(); t < uint(out_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    int start_x = int(column) * stride[2] - padding[2];
    REAL best = REAL(0);
    INTEGER index = INTEGER(-1);
    for (int kz = 0; kz < kernel[0]; ++kz) {
      int z = start_zy.x + kz * dilation[0];
      if (z < 0 || z >= in_depth) continue;
      for (int ky = 0; ky < kernel[1]; ++ky) {
        int y = start_zy.y + ky * dilation[1];
        if (y < 0 || y >= in_height) continue;
        int line = (z * in_height + y) * in_width;
        uint base = (place.x * uint(in_depth * in_height * in_width) + uint(line)) * vectors + channel;
        for (int kx = 0; kx < kernel[2]; ++kx) {
          int from = start_x + kx * dilation[2];
          if (from >= 0 && from < in_width) take(x.at[base + uint(from) * vectors], line + from, best, index);
        }
      }
    }
    uint to = row * uint(out_width) * vectors + t;
    result.at[to] = best;
    indices.at[to] = index;
  }
}
