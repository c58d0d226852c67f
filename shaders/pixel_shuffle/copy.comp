#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// The unshuffled tensor lies in memory as (N, D, H, W, C, f0, f1, f2), the shuffled one as (N, D, f0, H, f1, W, f2, C):
// copies the first into the second, or with UNSHUFFLE back. One invocation per element of the shuffled tensor, or with
// VEC4 per four neighbouring channels of it (C a multiple of 4), `lane_stride` apart in the unshuffled one.
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(constant_id = 3) const uint kAxes = 1;  // 1 to 7

layout(push_constant) uniform Push {
#ifdef UNSHUFFLE
  StoredRealIn shuffled;
  StoredOut unshuffled;
#else
  StoredIn unshuffled;
  StoredRealOut shuffled;
#endif
  // Of the shuffled tensor, all but the outermost, innermost first: extent, multiplier and shift of the division by
  // it, stride in the unshuffled tensor.
  uvec4 axes[6];
  uint outermost_stride;
  uint lane_stride;
  uint count;
  uint rounds;
};

void copy_element(uint i, uint at) {
#if defined(UNSHUFFLE) && defined(VEC4)
  vec4 value = LOADED_VEC4(shuffled.at[i]);
  unshuffled.at[at] = STORED(value.x);
  unshuffled.at[at + lane_stride] = STORED(value.y);
  unshuffled.at[at + 2 * lane_stride] = STORED(value.z);
  unshuffled.at[at + 3 * lane_stride] = STORED(value.w);
#elif defined(UNSHUFFLE)
  unshuffled.at[at] = STORED(LOADED(shuffled.at[i]));
#elif defined(VEC4)
  shuffled.at[i] = STORED_VEC4(vec4(unshuffled.at[at], unshuffled.at[at + lane_stride], unshuffled.at[at + 2 * lane_stride],
                                    unshuffled.at[at + 3 * lane_stride]));
#else
  shuffled.at[i] = STORED(LOADED(unshuffled.at[at]));
#endif
}

// Where element i of the shuffled tensor lies in the unshuffled one.
uint place(uint i) {
  uint at = 0;
  for (uint axis = 0; axis + 1 < kAxes; ++axis) {
    uint next = divide(i, axes[axis].y, axes[axis].z);
    at += (i - next * axes[axis].x) * axes[axis].w;
    i = next;
  }
  return at + i * outermost_stride;
}

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round) {
    copy_element(i, place(i));
    i += gl_WorkGroupSize.x;
  }
}
