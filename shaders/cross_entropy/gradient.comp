#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// (softmax(x)_c sum_k(w_k t_k) - w_c t_c) upstream / divisor, with t one at the class and zero elsewhere. One
// invocation per pixel.
#include "common/buffers.glsl"
#include "common/class_map.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  IntIn target;
  FloatIn weight;
  FloatIn divisor;
  FloatIn upstream;
  FloatOut result;
  uint pixels;
  uint classes;
  uint dense;
  uint weighted;
  int ignore_index;
  CLASS_MAP_CONSTANTS
};

float truth(uint at, uint c) {
  float probability = intBitsToFloat(target.at[at]);
  return weighted != 0 ? probability * weight.at[c] : probability;
}

void main() {
  uint pixel = linear_invocation();
  if (pixel >= pixels) return;
  uint base = pixel * classes;
  float scale = upstream.at[0] / divisor.at[0];
  int label = -1;
  float share = 0.0;
  if (dense != 0) {
    for (uint c = 0; c < classes; ++c) share += truth(base + c, c);
  } else {
    label = target.at[class_offset(pixel, in_order, extents, strides)];
    if (label == ignore_index) {
      for (uint c = 0; c < classes; ++c) result.at[base + c] = 0.0;
      return;
    }
    bool known = label >= 0 && label < int(classes);
    share = !known ? not_a_number() : weighted != 0 ? weight.at[label] : 1.0;
  }
  float largest = x.at[base];
  for (uint c = 1; c < classes; ++c) largest = nan_max(largest, x.at[base + c]);
  float sum = 0.0;
  for (uint c = 0; c < classes; ++c) sum += exponential(x.at[base + c] - largest);
  for (uint c = 0; c < classes; ++c) {
    float target_share = 0.0;
    if (dense != 0)
      target_share = truth(base + c, c);
    else if (int(c) == label)
      target_share = share;
    result.at[base + c] = (exponential(x.at[base + c] - largest) / sum * share - target_share) * scale;
  }
}
