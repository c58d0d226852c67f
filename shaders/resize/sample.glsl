// Where resize reads from: (N, D, H, W, C) tensors, C in vectors of kLanes; the push constants after the addresses.
#include "common/image.glsl"
#include "common/vector.glsl"

#define RESIZE_CONSTANTS \
  uint batch;            \
  uint vectors;          \
  int from_extent[3];    \
  int to_extent[3];      \
  float step[3];         \
  uint linear;           \
  uint align_corners;

// Sources first and second along one axis, weighted 1 - weight and weight. `step` is the distance between targets in
// source pixels. Nearest: first alone.
struct Sample {
  int first;
  int second;
  float weight;
};

Sample sample_at(int o, int extent, float step, bool linear, bool align_corners) {
  if (!linear) {
    int nearest = min(int(float(o) * step), extent - 1);
    return Sample(nearest, nearest, 0.0);
  }
  float source = align_corners ? float(o) * step : max((float(o) + 0.5) * step - 0.5, 0.0);
  int first = min(int(source), extent - 1);
  return Sample(first, min(first + 1, extent - 1), clamp(source - float(first), 0.0, 1.0));
}
