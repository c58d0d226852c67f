#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Sends pooled values back to where their maximum was, for windows that lie side by side: one invocation per window
// and channel (or four) reads its value and index once and writes the whole window. Elements beyond the last window
// get 0.
#include "pool/window.glsl"
layout(constant_id = 3) const int kKernelDepth = 1;
layout(constant_id = 4) const int kKernelHeight = 2;
layout(constant_id = 5) const int kKernelWidth = 2;
#ifdef WIDE
#include "common/lanes.glsl"
layout(constant_id = 6) const bool kShared = false;  // loads, see load_stored_fours: no window is left out along a row
#endif

layout(push_constant) uniform Push {
  StoredRealIn pooled;
  IntegerIn indices;
  StoredRealOut result;
  POOL_CONSTANTS
};

float chosen(float value, int index, int here) { return index == here ? value : 0.0; }
vec4 chosen(vec4 value, ivec4 index, int here) {
  return vec4(chosen(value.x, index.x, here), chosen(value.y, index.y, here), chosen(value.z, index.z, here),
              chosen(value.w, index.w, here));
}

void main() {
  int tiles_depth = (in_depth + kKernelDepth - 1) / kKernelDepth;
  int tiles_height = (in_height + kKernelHeight - 1) / kKernelHeight;
  int tiles_width = (in_width + kKernelWidth - 1) / kKernelWidth;
  const uint rows = batch * uint(tiles_depth * tiles_height);
  if (row_of_group() >= rows) return;
  const uint row = min(row_of_group(), rows - 1);  // loads that all lanes share are done even then
  uvec3 place = locate_row(row, uint(tiles_depth), uint(tiles_height));
  bool row_is_pooled = int(place.y) < out_depth && int(place.z) < out_height;
  // Inside the pooled tensor even where the row isn't.
  uint pooled_row = (place.x * uint(out_depth) + min(place.y, uint(out_depth - 1))) * uint(out_height) + min(place.z, uint(out_height - 1));
  uint from = pooled_row * uint(out_width) * vectors;
  uint sample_start = place.x * uint(in_depth * in_height * in_width);
  ivec2 corner = ivec2(place.yz) * ivec2(kKernelDepth, kKernelHeight);
  uint first = group_start();  // of the group's lanes
  for (uint t = row_start(); t < uint(tiles_width) * vectors; t += row_stride()) {
    uint column = divide(t, vectors);
    uint channel = t - column * vectors;
    REAL value = REAL(0);
    INTEGER index = INTEGER(-1);
#ifdef WIDE
    if (kShared && row_is_pooled) {
      const uint at = from + min(first, uint(out_width) * vectors - gl_WorkGroupSize.x);
      value = load_stored_fours(uint64_t(pooled) + uint64_t(at) * kStoredFourBytes);
      index = floatBitsToInt(load_fours(uint64_t(indices) + uint64_t(at) * 16));
    } else
#endif
    if (row_is_pooled && int(column) < out_width) {
      value = LOADED_REAL(pooled.at[from + t]);
      index = LOADED_INTEGER(indices.at[from + t]);
    }
    for (int kz = 0; kz < kKernelDepth; ++kz)
      for (int ky = 0; ky < kKernelHeight; ++ky)
        for (int kx = 0; kx < kKernelWidth; ++kx) {
          ivec3 at = ivec3(corner + ivec2(kz, ky), int(column) * kKernelWidth + kx);
          if (at.x >= in_depth || at.y >= in_height || at.z >= in_width) continue;
          int here = (at.x * in_height + at.y) * in_width + at.z;
          result.at[(sample_start + uint(here)) * vectors + channel] = STORED_REAL(chosen(value, index, here));
        }
    first += row_stride();
  }
}
