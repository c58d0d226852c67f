#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Sums of w * loss and of w (of 1 for probabilities). Invocation p takes pixels p, p + parts, ...; a pixel's logits
// lie side by side.
#include "common/buffers.glsl"
#include "common/class_map.glsl"
#include "common/compensated.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  IntIn target;
  FloatIn weight;
  FloatOut partial;  // sums of w * loss, then those of w
  uint pixels;
  uint parts;
  uint classes;
  uint dense;
  uint weighted;
  int ignore_index;
  CLASS_MAP_CONSTANTS
};

void main() {
  uint part = linear_invocation();
  if (part >= parts) return;
  float sum = 0.0, sum_lost = 0.0, total = 0.0, total_lost = 0.0;
  for (uint pixel = part; pixel < pixels; pixel += parts) {
    uint base = pixel * classes;
    float largest = x.at[base];
    for (uint c = 1; c < classes; ++c) largest = nan_max(largest, x.at[base + c]);
    float exponentials = 0.0;
    for (uint c = 0; c < classes; ++c) exponentials += exponential(x.at[base + c] - largest);
    float shift = logarithm(exponentials);
    float loss = 0.0;
    float share = 1.0;
    if (dense != 0) {
      for (uint c = 0; c < classes; ++c) {
        float probability = intBitsToFloat(target.at[base + c]);
        if (weighted != 0) probability *= weight.at[c];
        loss += probability * (shift - (x.at[base + c] - largest));
      }
    } else {
      int label = target.at[class_offset(pixel, in_order, extents, strides)];
      if (label == ignore_index) continue;
      bool known = label >= 0 && label < int(classes);
      uint c = known ? uint(label) : 0;
      share = weighted != 0 ? weight.at[c] : 1.0;
      loss = known ? share * (shift - (x.at[base + c] - largest)) : not_a_number();
    }
    add_to(sum, sum_lost, loss);
    add_to(total, total_lost, share);
  }
  partial.at[part] = sum;
  partial.at[parts + part] = total;
}
