#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Per class the sums of p t and of p + t. Invocation (part, class) takes pixels part, part + parts, ...
#include "common/buffers.glsl"
#include "common/class_map.glsl"
#include "common/compensated.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  IntIn target;
  FloatOut partial;  // (parts, classes) sums of p t, then those of p + t
  uint pixels;
  uint parts;
  uint classes;
  uint dense;
  uint sigmoid;
  CLASS_MAP_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  if (i >= parts * classes) return;
  uint part = divide(i, classes);
  uint c = i - part * classes;
  float both = 0.0, both_lost = 0.0, either = 0.0, either_lost = 0.0;
  for (uint pixel = part; pixel < pixels; pixel += parts) {
    uint at = pixel * classes + c;
    float p = sigmoid != 0 ? logistic(x.at[at]) : x.at[at];
    float t;
    if (dense != 0)
      t = intBitsToFloat(target.at[at]);
    else
      t = target.at[class_offset(pixel, in_order, extents, strides)] == int(c) ? 1.0 : 0.0;
    add_to(both, both_lost, p * t);
    add_to(either, either_lost, p + t);
  }
  partial.at[i] = both;
  partial.at[parts * classes + i] = either;
}
