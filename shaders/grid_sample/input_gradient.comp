#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The gradient with respect to the image: per pixel the sum of upstream times weight over the samples that read it, in the
// order of the result's pixels. They are found in the tree of bounds.comp and merge_bounds.comp, walked without a stack: a
// box that doesn't hold the pixel is stepped over whole. One invocation per pixel and channel (or four) of the image.
#include "grid_sample/taps.glsl"

layout(push_constant) uniform Push {
  StoredRealIn upstream;
  FloatIn grid;
  IntIn bounds;
  StoredRealOut result;
  GRID_CONSTANTS
  uint boxes;  // of a sample, all levels
  int top;     // the highest level
};

uint boxes_of(int level, uint pixels) { return ((pixels - 1) >> (3 * (level + 1))) + 1; }

bool holds(uint box, ivec3 pixel) {
  for (int axis = 0; axis < 3; ++axis)
    if (pixel[axis] < bounds.at[box * 6 + uint(axis)] || pixel[axis] > bounds.at[box * 6 + 3 + uint(axis)]) return false;
  return true;
}

float weight_at(Taps taps, int count, int at) {
  float sum = 0.0;
  for (int t = 0; t < count; ++t) sum += taps.at[t] == at ? taps.weight[t] : 0.0;
  return sum;
}

// No weight where the sample doesn't read the pixel.
float weight_of(uint place, ivec3 pixel) {
  float weight = weight_at(TAPS_X(grid, place), kTaps, pixel.z);
  if (kAxes > 1 && weight != 0.0) weight *= weight_at(TAPS_Y(grid, place), kTapsY, pixel.y);
  if (kAxes > 2 && weight != 0.0) weight *= weight_at(TAPS_Z(grid, place), kTapsZ, pixel.x);
  return weight;
}

void main() {
  uint i = linear_invocation();
  uint image = uint(in_depth * in_height * in_width), pixels = out_depth * out_height * out_width;
  if (i >= batch * image * vectors) return;
  uint at = divide(i, vectors), channel = i - at * vectors;
  uint n = divide(at, image), rest = at - n * image;
  uint line = divide(rest, uint(in_width)), plane = divide(line, uint(in_height));
  ivec3 pixel = ivec3(plane, line - plane * uint(in_height), rest - line * uint(in_width));

  REAL sum = REAL(0);
  int level = top;
  uint leaf = 0, leaves = boxes_of(0, pixels), first = n * boxes;  // first: the level's first box
  for (int l = 0; l < top; ++l) first += boxes_of(l, pixels);
  while (leaf < leaves) {
    bool inside = holds(first + (leaf >> (3 * level)), pixel);
    if (inside && level > 0) {
      --level;
      first -= boxes_of(level, pixels);
      continue;
    }
    if (inside) {
      for (uint o = leaf * 8; o < min(leaf * 8 + 8, pixels); ++o) {
        float weight = weight_of(GRID_PLACE(n, o), pixel);
        if (weight != 0.0) sum += LOADED_REAL(upstream.at[(n * pixels + o) * vectors + channel]) * weight;
      }
    }
    leaf += 1u << (3 * level);
    while (level < top && (leaf & ((8u << (3 * level)) - 1u)) == 0u) {
      first += boxes_of(level, pixels);
      ++level;
    }
  }
  result.at[i] = STORED_REAL(sum);
}
