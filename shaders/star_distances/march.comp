#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// labels: height x width of each sample, row_stride and column_stride apart. rays: (rays, 3): sin, cos, what is added to
// the last step's number. Channels-last result (N, h, w, rays). One invocation marches one ray. Products are
// precise: where a place falls near the middle of two pixels, all devices and the host decide alike.
#include "common/buffers.glsl"
#include "common/division.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  IntIn labels;
  FloatIn rays;
  FloatOut result;
  uint count;
  int height;
  int width;
  uint row_stride;
  uint column_stride;
  uint grid;
  uint ray_count, ray_multiplier, ray_shift;
  uint columns, column_multiplier, column_shift;
  uint rows, row_multiplier, row_shift;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint pixel = quotient(i, ray_count, ray_multiplier, ray_shift);
  uint ray = (i - pixel * ray_count) * 3u;
  uint row = quotient(pixel, columns, column_multiplier, column_shift);
  uint n = quotient(row, rows, row_multiplier, row_shift);
  ivec2 start = ivec2((row - n * rows) * grid, (pixel - row * columns) * grid);
  uint base = n * uint(height) * uint(width);
  int id = labels.at[base + uint(start.x) * row_stride + uint(start.y) * column_stride];
  float steps = 0.0;
  if (id != 0) {
    vec2 direction = vec2(rays.at[ray], rays.at[ray + 1u]);
    float longest = float(height + width);
    while (steps <= longest) {
      steps += 1.0;
      precise vec2 offset = steps * direction;
      precise vec2 nearest = floor(offset + 0.5);
      ivec2 place = start + ivec2(nearest);
      if (place.x < 0 || place.x >= height || place.y < 0 || place.y >= width) break;
      if (labels.at[base + uint(place.x) * row_stride + uint(place.y) * column_stride] != id) break;
    }
    steps += rays.at[ray + 2u];
  }
  result.at[i] = steps;
}
