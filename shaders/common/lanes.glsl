// A vector of a CPU's neighbouring pairs of floats, one for each lane of a workgroup that is one subgroup. Mesa's
// software driver loads lane by lane, some 50 instructions for a vector. Where it does a load that all lanes share once
// (DeviceCaps::shared_loads), it is faster to let all lanes load all pairs, two instructions each, and to choose by the bits
// of a lane's number: Winograd's gradient product took 0.9 of its time, norms 0.7. Nothing waits for a branch then, so loads
// that miss the caches overlap. Such loads are done even if no lane is active: after a loop's last turn and after `return` too, so
// addresses must be ones that may be read.
#ifndef TUFF_LANES_GLSL
#define TUFF_LANES_GLSL
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#include "common/pairs.glsl"

const int kGroupLanes = int(gl_WorkGroupSize.x);

// What a lane's address is beyond the first lane's. `loads_shared`: as for load_lanes.
uint lane_bytes(bool loads_shared, uint bytes) { return loads_shared ? 0 : gl_SubgroupInvocationID * bytes; }

// Halves of v by a bit of the lane's number.
#define TUFF_HALVE(v, bit) \
  [[unroll]] for (int i = 0; i < kGroupLanes >> (bit + 1); ++i) v[i] = (gl_SubgroupInvocationID & (1u << bit)) != 0 ? v[2 * i + 1] : v[2 * i]
#define TUFF_CHOOSE(v) \
  TUFF_HALVE(v, 0);    \
  TUFF_HALVE(v, 1);    \
  TUFF_HALVE(v, 2);    \
  TUFF_HALVE(v, 3);    \
  TUFF_HALVE(v, 4);    \
  TUFF_HALVE(v, 5)

// The lane's pair. `address` is that of the first lane where `loads_shared`, which must be a constant, else the lane's own.
vec2 load_lanes(bool loads_shared, uint64_t address) {
  if (!loads_shared) return load_pair(address);
  vec2 v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i)
    v[i] = vec2(FloatLoad(address + uint64_t(8 * i)).at[0], FloatLoad(address + uint64_t(8 * i + 4)).at[0]);
  TUFF_CHOOSE(v);
  return v[0];
}

// The same of values stored as f16 in variants with HALF_IN.
#ifdef HALF_IN
const uint kStoredPairBytes = 4;
vec2 load_stored_lanes(bool loads_shared, uint64_t address) {
  if (!loads_shared) return loaded_pair(StoredVec2Load(address).at[0]);
  uint v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i) v[i] = StoredVec2Load(address + uint64_t(4 * i)).at[0];
  TUFF_CHOOSE(v);
  return loaded_pair(v[0]);
}
#else
const uint kStoredPairBytes = 8;
#define load_stored_lanes load_lanes
#endif

// Four neighbouring values of f32, or words of 32 bits, for each lane: lane i's are fours number at(i) from `address` on.
#define TUFF_LOAD_FOURS(address, four_of)                                                     \
  vec4 v[kGroupLanes];                                                                        \
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i) {                                          \
    const uint64_t four = address + uint64_t(four_of) * 16;                                   \
    [[unroll]] for (int c = 0; c < 4; ++c) v[i][c] = FloatLoad(four + uint64_t(4 * c)).at[0]; \
  }                                                                                           \
  TUFF_CHOOSE(v);                                                                             \
  return v[0];
vec4 load_fours(uint64_t address) { TUFF_LOAD_FOURS(address, i) }

// The same of values stored as f16 in variants with HALF_IN.
#ifdef HALF_IN
const uint kStoredFourBytes = 8;
#define TUFF_LOAD_STORED_FOURS(address, four_of)                                                                  \
  uvec2 v[kGroupLanes];                                                                                           \
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i) {                                                              \
    const uint64_t four = address + uint64_t(four_of) * kStoredFourBytes;                                         \
    [[unroll]] for (int word = 0; word < 2; ++word) v[i][word] = StoredVec2Load(four + uint64_t(4 * word)).at[0]; \
  }                                                                                                               \
  TUFF_CHOOSE(v);                                                                                                 \
  return vec4(unpackHalf2x16(v[0].x), unpackHalf2x16(v[0].y));
#else
const uint kStoredFourBytes = 16;
#define TUFF_LOAD_STORED_FOURS TUFF_LOAD_FOURS
#endif
vec4 load_stored_fours(uint64_t address) { TUFF_LOAD_STORED_FOURS(address, i) }
vec4 load_stored_fours_at(uint64_t address, uint at[kGroupLanes]) { TUFF_LOAD_STORED_FOURS(address, at[i]) }

#endif
