#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// result[n, o, c] = values[n, indices[n, o, c], c], channels innermost. One invocation per element.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  FloatIn values;
  IntIn indices;
  FloatOut result;
  uint count;
  uint pixels_out;  // of one sample
  uint pixels_in;
  uint channels;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  uint pixel = divide(i, channels);
  uint n = divide(pixel, pixels_out);
  result.at[i] = values.at[(n * pixels_in + uint(indices.at[i])) * channels + i - pixel * channels];
}
