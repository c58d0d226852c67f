#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// result[n, o, c] = values[n, indices[n, o, c], c], channels innermost; 0 where the index lies outside (a window that saw
// no element has index -1). One invocation per element.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"

layout(push_constant) uniform Push {
  StoredIn values;
  IntIn indices;
  StoredOut result;
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
  uint from = uint(indices.at[i]);
  result.at[i] = STORED(from < pixels_in ? LOADED(values.at[(n * pixels_in + from) * channels + i - pixel * channels]) : 0.0);
}
