#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// labels: depth x height x width of each sample, strides apart. rays: (rays, 4): z, y, x, what is added to the last
// step's number. Channels-last result (N, d, h, w, rays). One invocation marches one ray. Products are precise: where
// a place falls near the middle of two pixels, all devices and the host decide alike.
#include "common/buffers.glsl"
#include "common/division.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  IntIn labels;
  FloatIn rays;
  FloatOut result;
  uint count;
  int depth, height, width;
  uint slice_stride, row_stride, column_stride;
  uint depth_grid, grid;
  uint ray_count, ray_multiplier, ray_shift;
  uint columns, column_multiplier, column_shift;
  uint rows, row_multiplier, row_shift;
  uint slices, slice_multiplier, slice_shift;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint pixel = quotient(i, ray_count, ray_multiplier, ray_shift);
  uint ray = (i - pixel * ray_count) * 4u;
  uint row = quotient(pixel, columns, column_multiplier, column_shift);
  uint slice = quotient(row, rows, row_multiplier, row_shift);
  uint n = quotient(slice, slices, slice_multiplier, slice_shift);
  ivec3 start = ivec3((slice - n * slices) * depth_grid, (row - slice * rows) * grid, (pixel - row * columns) * grid);
  ivec3 extent = ivec3(depth, height, width);
  uint base = n * uint(depth) * uint(height) * uint(width);
  int id = labels.at[base + uint(start.x) * slice_stride + uint(start.y) * row_stride + uint(start.z) * column_stride];
  float steps = 0.0;
  if (id != 0) {
    vec3 direction = vec3(rays.at[ray], rays.at[ray + 1u], rays.at[ray + 2u]);
    float longest = float(depth + height + width);
    while (steps <= longest) {
      steps += 1.0;
      precise vec3 offset = steps * direction;
      precise vec3 nearest = floor(offset + 0.5);
      ivec3 place = start + ivec3(nearest);
      if (any(lessThan(place, ivec3(0))) || any(greaterThanEqual(place, extent))) break;
      uint at = base + uint(place.x) * slice_stride + uint(place.y) * row_stride + uint(place.z) * column_stride;
      if (labels.at[at] != id) break;
    }
    steps += rays.at[ray + 3u];
  }
  result.at[i] = steps;
}
