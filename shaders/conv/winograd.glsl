// Winograd's convolutions (conv/winograd_transforms.glsl) for CPU drivers whose subgroups are a CPU's vectors: a lane takes
// a channel or two (common/lanes.glsl). Channels and extents come with the dispatch: few pipelines, which such drivers take
// 0.1 to 1 s each to compile, then serve all layers and sizes.
#ifndef TUFF_WINOGRAD_GLSL
#define TUFF_WINOGRAD_GLSL
#include "common/divide.glsl"
#include "common/lanes.glsl"
#include "conv/winograd_transforms.glsl"

#ifdef SHARED
const bool kShared = true;  // loads, see common/lanes.glsl
#else
const bool kShared = false;
#endif

// The gradient's product takes tiles by eights: zeros for the seven that may follow the last, whose positions lie `step`
// bytes apart.
void clear_following(uint64_t tile, uint count, uint tile_bytes, uint64_t step) {
  for (uint t = count; t % 8 != 0; ++t) {
    [[unroll]] for (int i = 0; i < kPositions; ++i) store_lanes(kShared, tile + uint64_t(i) * step, VEC(0.0));
    tile += tile_bytes;
  }
}

#endif
