#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The gradient with respect to the grid: per sample the sum over channels, in order, of upstream times how the result
// changes with each coordinate. One invocation per pixel of the result.
#include "grid_sample/taps.glsl"

layout(push_constant) uniform Push {
  StoredRealIn upstream;
  StoredRealIn x;
  FloatIn grid;
  FloatOut result;
  GRID_CONSTANTS
};

float total(float v) { return v; }
float total(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

void main() {
  uint pixel = linear_invocation();
  uint pixels = out_depth * out_height * out_width;
  if (pixel >= batch * pixels) return;
  uint n = divide(pixel, pixels);
  uint place = GRID_PLACE(n, pixel - n * pixels);
  Taps tx = TAPS_X(grid, place), ty = TAPS_Y(grid, place), tz = TAPS_Z(grid, place);
  vec3 sum = vec3(0);
  for (uint channel = 0; channel < vectors; ++channel) {
    REAL g = LOADED_REAL(upstream.at[pixel * vectors + channel]);
    for (int z = 0; z < kTapsZ; ++z)
      for (int y = 0; y < kTapsY; ++y) {
        if (tz.at[z] < 0 || ty.at[y] < 0) continue;
        uint base = ((n * uint(in_depth) + uint(tz.at[z])) * uint(in_height) + uint(ty.at[y])) * uint(in_width);
        for (int t = 0; t < kTaps; ++t) {
          if (tx.at[t] < 0) continue;
          float value = total(g * LOADED_REAL(x.at[(base + uint(tx.at[t])) * vectors + channel]));
          sum += value * vec3(tz.weight[z] * ty.weight[y] * tx.slope[t], tz.weight[z] * ty.slope[y] * tx.weight[t],
                              tz.slope[z] * ty.weight[y] * tx.weight[t]);
        }
      }
  }
  for (int axis = 0; axis < kAxes; ++axis) result.at[place + uint(axis) * grid_coordinate] = sum[axis];
}
