#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Channels-last result (N, spatial..., C): 1 where the channel is the pixel's class. One invocation an element.
#include "common/buffers.glsl"
#include "common/class_map.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  IntIn target;
  FloatOut result;
  uint count;
  uint classes;
  int ignore_index;
  CLASS_MAP_CONSTANTS
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint pixel = divide(i, classes);
  int label = target.at[class_offset(pixel, in_order, extents, strides)];
  float value = label == int(i - pixel * classes) ? 1.0 : 0.0;
  if (label < 0 || label >= int(classes)) value = not_a_number();
  result.at[i] = label == ignore_index ? 0.0 : value;
}
