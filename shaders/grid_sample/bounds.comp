#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The leaves of a tree of bounding boxes over the grid: per run of 8 neighbouring pixels of the result the least and the
// greatest coordinates that they read (z, y, x each; none: the greatest is -1). A sample's boxes lie together, the leaves
// first. One invocation per leaf.
#include "grid_sample/taps.glsl"

layout(push_constant) uniform Push {
  FloatIn grid;
  IntOut bounds;
  GRID_CONSTANTS
  uint boxes;  // of a sample, all levels
};

void include_taps(Taps taps, int count, inout int least, inout int most) {
  for (int t = 0; t < count; ++t) {
    if (taps.at[t] < 0) continue;
    least = min(least, taps.at[t]);
    most = max(most, taps.at[t]);
  }
}

void main() {
  uint pixels = out_depth * out_height * out_width, leaves = (pixels + 7) / 8;
  uint i = linear_invocation();
  uint n = divide(i, leaves), leaf = i - n * leaves;
  if (n >= batch) return;
  ivec3 least = ivec3(0x7fffffff), most = ivec3(-1);
  for (uint o = leaf * 8; o < min(leaf * 8 + 8, pixels); ++o) {
    uint place = GRID_PLACE(n, o);
    include_taps(TAPS_Z(grid, place), kTapsZ, least.x, most.x);
    include_taps(TAPS_Y(grid, place), kTapsY, least.y, most.y);
    include_taps(TAPS_X(grid, place), kTaps, least.z, most.z);
  }
  uint to = (n * boxes + leaf) * 6;
  for (int axis = 0; axis < 3; ++axis) {
    bounds.at[to + uint(axis)] = least[axis];
    bounds.at[to + 3 + uint(axis)] = most[axis];
  }
}
