// The rate of a plain copy: each invocation moves COUNT vectors that lie side by side or, with WIDE, one in each of so many
// rounds, its group front to back: what a CPU driver is fastest with (docs/kernels.md).
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/grid.glsl"
#ifdef WIDE
#ifdef SHARED
#include "common/lanes.glsl"
#else
#include "common/wide.glsl"
#endif
#define FROM Vec4Load
#define TO Vec4Store
#else
#include "common/buffers.glsl"
#define FROM Vec4In
#define TO Vec4Out
#endif

layout(push_constant) uniform Push {
  FROM x;
  TO y;
  uint vectors;
  uint rounds;
} push;

void main() {
#ifdef WIDE
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i < push.vectors; ++round) {
#ifdef SHARED
    // Inside x where no lane is active any more, see common/lanes.glsl.
    const uint first = min(group_round(push.rounds, round), push.vectors - gl_WorkGroupSize.x);
    push.y.at[i] = stored(load_fours(uint64_t(push.x) + uint64_t(first) * 16));
#else
    push.y.at[i] = push.x.at[i];
#endif
    i += gl_WorkGroupSize.x;
  }
#else
  const uint first = linear_invocation() * COUNT;
  for (uint i = first; i < min(first + COUNT, push.vectors); ++i) push.y.at[i] = push.x.at[i];
#endif
}
