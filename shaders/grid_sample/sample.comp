#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The image at the grid's places. One invocation per pixel and channel (or four) of the result.
#include "grid_sample/taps.glsl"

layout(push_constant) uniform Push {
  StoredRealIn x;
  FloatIn grid;
  StoredRealOut result;
  GRID_CONSTANTS
};

// As in PyTorch on a CPU: a NaN among the coordinates spoils the weights, but nearest has none, and border and reflection
// bring it back into the image before bilinear takes them.
bool spoiled(uint place) {
  if (kMode == 1 || (kMode == 0 && padding_mode != 0)) return false;
  bool any = false;
  for (int axis = 0; axis < kAxes; ++axis) any = any || is_nan(grid.at[place + uint(axis) * grid_coordinate]);
  return any;
}

void main() {
  uint i = linear_invocation();
  uint pixels = out_depth * out_height * out_width;
  if (i >= batch * pixels * vectors) return;
  uint pixel = divide(i, vectors), channel = i - pixel * vectors;
  uint n = divide(pixel, pixels);
  uint place = GRID_PLACE(n, pixel - n * pixels);
  Taps tx = TAPS_X(grid, place), ty = TAPS_Y(grid, place), tz = TAPS_Z(grid, place);
  REAL sum = REAL(0);
  for (int z = 0; z < kTapsZ; ++z)
    for (int y = 0; y < kTapsY; ++y) {
      if (tz.at[z] < 0 || ty.at[y] < 0) continue;
      uint base = ((n * uint(in_depth) + uint(tz.at[z])) * uint(in_height) + uint(ty.at[y])) * uint(in_width);
      for (int t = 0; t < kTaps; ++t)
        if (tx.at[t] >= 0) sum += LOADED_REAL(x.at[(base + uint(tx.at[t])) * vectors + channel]) * (tz.weight[z] * ty.weight[y] * tx.weight[t]);
    }
  result.at[i] = STORED_REAL(spoiled(place) ? REAL(uintBitsToFloat(0x7fc00000u)) : sum);
}
