// Where grid_sample reads: the pixels along each axis of the image, their weights, and how those change with the grid's
// coordinate. Image (N, D, H, W, C), C in vectors of kLanes; the grid lies as its strides say. Every shader finds the same
// taps: nothing is contracted.
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/nan.glsl"
#include "common/vector.glsl"

layout(constant_id = 3) const int kAxes = 2;
layout(constant_id = 4) const int kMode = 0;  // 0 bilinear, 1 nearest, 2 bicubic

#define GRID_CONSTANTS       \
  uint batch;                \
  uint vectors;              \
  int in_depth;              \
  int in_height;             \
  int in_width;              \
  uint out_depth;            \
  uint out_height;           \
  uint out_width;            \
  uint grid_plane;           \
  uint grid_line;            \
  uint grid_column;          \
  uint grid_sample;          \
  uint grid_coordinate;      \
  int padding_mode;          \
  uint coordinates;

// What the grid holds: -1 to 1 between outer edges, between outermost centers, or indices of pixels, which mirror at
// edges or at centers.
const uint kEdges = 0, kCenters = 1, kPixels = 2, kPixelsMirrored = 3;

const int kTaps = kMode == 0 ? 2 : kMode == 1 ? 1 : 4;
const int kTapsY = kAxes > 1 ? kTaps : 1;
const int kTapsZ = kAxes > 2 ? kTaps : 1;

struct Taps {
  int at[4];        // kTaps of them; -1: outside
  float weight[4];
  float slope[4];   // d weight / d coordinate
};

// Mirrors at both edges (the outermost centers where `aligned`, else the outer edges), as often as needed; `sign` turns
// with each.
float reflected(float place, int extent, bool aligned, inout float sign) {
  precise float low = aligned ? 0.0 : -0.5;
  precise float span = aligned ? float(extent - 1) : float(extent);
  if (span == 0.0) {
    sign = 0.0;
    return 0.0;
  }
  if (place < low) sign = -sign;
  precise float distance = abs(place - low);
  precise float flips = floor(distance / span);
  precise float extra = distance - flips * span;
  if (flips - 2.0 * floor(flips * 0.5) != 0.0) {
    sign = -sign;
    return low + (span - extra);
  }
  return low + extra;
}

// Into the image by the padding mode; zeros leave it alone.
float padded(float place, int extent, int mode, bool aligned, inout float sign) {
  if (mode == 0) return place;
  if (mode == 2) place = reflected(place, extent, aligned, sign);
  float last = float(extent - 1);
  if (!(place > 0.0) || place >= last) sign = 0.0;
  return !(place > 0.0) ? 0.0 : min(place, last);  // a NaN goes to 0
}

// The index of a whole place, or -1 beyond the image. Large and NaN places are beyond it.
int index_of(float place, int extent) { return place >= 0.0 && place < float(extent) ? int(place) : -1; }

float cubic_near(float x) { return ((-0.75 + 2.0) * x - (-0.75 + 3.0)) * x * x + 1.0; }
float cubic_far(float x) { return ((-0.75 * x + 3.75) * x - 6.0) * x + 3.0; }
float cubic_near_slope(float x) { return (3.75 * x - 4.5) * x; }
float cubic_far_slope(float x) { return (-2.25 * x + 7.5) * x - 6.0; }

// The pixel that a coordinate means, and how many pixels one of it is.
float place_of(float coordinate, float size, uint coordinates, out float scale) {
  precise float place = coordinate;
  scale = 1.0;
  if (coordinates == kEdges) {
    place = ((coordinate + 1.0) * size - 1.0) * 0.5;
    scale = size * 0.5;
  } else if (coordinates == kCenters) {
    place = (coordinate + 1.0) * 0.5 * (size - 1.0);
    scale = (size - 1.0) * 0.5;
  }
  return place;
}

Taps taps_of(float coordinate, int extent, int padding_mode, uint coordinates) {
  Taps taps;
  bool aligned = coordinates == kCenters || coordinates == kPixelsMirrored;
  float scale;
  precise float place = place_of(coordinate, float(extent), coordinates, scale);
  if (kMode == 2) {
    precise float first = floor(place);
    precise float f = place - first;
    for (int t = 0; t < kTaps; ++t) {
      float ignored = 1.0;
      taps.at[t] = index_of(padded(first + float(t - 1), extent, padding_mode, aligned, ignored), extent);
    }
    taps.weight[0] = cubic_far(f + 1.0);
    taps.weight[1] = cubic_near(f);
    taps.weight[2] = cubic_near(1.0 - f);
    taps.weight[3] = cubic_far(2.0 - f);
    taps.slope[0] = scale * cubic_far_slope(f + 1.0);
    taps.slope[1] = scale * cubic_near_slope(f);
    taps.slope[2] = -scale * cubic_near_slope(1.0 - f);
    taps.slope[3] = -scale * cubic_far_slope(2.0 - f);
    return taps;
  }
  place = padded(place, extent, padding_mode, aligned, scale);
  if (kMode == 1) {
    taps.at[0] = index_of(roundEven(place), extent);
    taps.weight[0] = 1.0;
    taps.slope[0] = 0.0;
    return taps;
  }
  precise float first = floor(place);
  precise float f = place - first;
  taps.at[0] = index_of(first, extent);
  taps.at[1] = index_of(first + 1.0, extent);
  taps.weight[0] = 1.0 - f;
  taps.weight[1] = f;
  taps.slope[0] = -scale;
  taps.slope[1] = scale;
  return taps;
}

Taps no_axis() {
  Taps taps;
  for (int t = 0; t < kTaps; ++t) {
    taps.at[t] = 0;
    taps.weight[t] = 1.0;
    taps.slope[t] = 0.0;
  }
  return taps;
}

// Pixel `o` of sample n of the result: where its coordinates start in the grid.
#define GRID_PLACE(n, o)                                                                                         \
  grid_place(o, n * grid_sample, out_height, out_width, grid_plane, grid_line, grid_column)
uint grid_place(uint o, uint from, uint height, uint width, uint plane_step, uint line_step, uint column_step) {
  uint line = divide(o, width), plane = divide(line, height);
  return from + plane * plane_step + (line - plane * height) * line_step + (o - line * width) * column_step;
}

// Along x, y or z (0 to 2) of the sample whose coordinates start at `place`.
#define TAPS_X(grid, place) taps_of(grid.at[place], in_width, padding_mode, coordinates)
#define TAPS_Y(grid, place) \
  (kAxes > 1 ? taps_of(grid.at[place + grid_coordinate], in_height, padding_mode, coordinates) : no_axis())
#define TAPS_Z(grid, place) \
  (kAxes > 2 ? taps_of(grid.at[place + 2u * grid_coordinate], in_depth, padding_mode, coordinates) : no_axis())
