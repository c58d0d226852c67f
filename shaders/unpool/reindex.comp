#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Pixel indices (n, o, c), channels innermost, between two counts: within the plane of one sample and channel, and over
// a whole (N, C, D, H, W) tensor, whose planes may be column-major. One invocation per element.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  IntIn indices;
  IntOut result;
  uint count;
  uint pixels;    // of one sample's indices
  uint channels;
  uint depth;
  uint height;
  uint width;
  uint column_major;
  uint to_plane;  // else to the whole tensor
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  int index = indices.at[i];
  uint plane = depth * height * width;
  if (index >= 0 && to_plane != 0u) {
    index = int(uint(index) - divide(uint(index), plane) * plane);
  } else if (index >= 0) {
    uint pixel = divide(i, channels);
    uint image = divide(pixel, pixels) * channels + i - pixel * channels;
    uint line = divide(uint(index), width), x = uint(index) - line * width;
    uint z = divide(line, height), y = line - z * height;
    index = int(image * plane + (column_major != 0u ? (x * height + y) * depth + z : uint(index)));
  }
  result.at[i] = index;
}
