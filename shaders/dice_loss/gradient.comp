#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// d loss / d p = -(2 t - (2 both + smooth) / (either + smooth)) / (either + smooth) / classes, times p (1 - p) where
// x is a logit. One invocation per element.
#include "common/buffers.glsl"
#include "common/class_map.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  IntIn target;
  FloatIn sums_both;
  FloatIn sums_either;
  FloatIn upstream;
  FloatOut result;
  uint count;
  float smooth_term;
  uint classes;
  uint dense;
  uint sigmoid;
  CLASS_MAP_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint pixel = divide(i, classes);
  uint c = i - pixel * classes;
  float t;
  if (dense != 0)
    t = intBitsToFloat(target.at[i]);
  else
    t = target.at[class_offset(pixel, in_order, extents, strides)] == int(c) ? 1.0 : 0.0;
  float denominator = sums_either.at[c] + smooth_term;
  float dice = (2.0 * sums_both.at[c] + smooth_term) / denominator;
  float gradient = (dice - 2.0 * t) / denominator * (upstream.at[0] / float(classes));
  if (sigmoid != 0) {
    float p = logistic(x.at[i]);
    gradient *= p * logistic(-x.at[i]);
  }
  result.at[i] = gradient;
}
