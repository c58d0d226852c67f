// What a CPU's lanes load and store together, in workgroups that are one subgroup: a lane takes VECTOR channels of a pixel,
// or four neighbouring values.
//
// Mesa's software driver loads and stores lane by lane, two floats as one 64-bit integer at the cost of one
// (common/wide.glsl). Where it does a load that all lanes share once (DeviceCaps::shared_loads), it is faster to let all
// lanes load what each of them wants, and to choose by the bits of a lane's number: where these are neighbouring floats, LLVM
// makes one load of a vector of it. So a lane's channels are as many apart as there are lanes then, and neighbouring
// lanes exchange them before they store, to make pairs: LLVM makes one permutation of that. In variants that read values
// stored as f16 a lane's channels lie side by side, as words of two.
// Such loads are done even if no lane is active: after a loop's last turn and after `return` too, so addresses must be
// ones that may be read.
#ifndef TUFF_LANES_GLSL
#define TUFF_LANES_GLSL
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
#ifdef SHARED
#extension GL_KHR_shader_subgroup_quad : require
#endif
#include "common/half.glsl"
#include "common/pairs.glsl"

#ifndef VECTOR
#define VECTOR 2
#endif
#if VECTOR == 2
#define VEC vec2
#else
#define VEC float
#endif
const uint kVecBytes = VECTOR * 4;

const int kGroupLanes = int(gl_WorkGroupSize.x);

// Of one value as it is stored.
#ifdef HALF_IN
const uint kInBytes = 2;
const bool kApart = false;
#else
const uint kInBytes = 4;
const bool kApart = true;  // a lane's channels, where loads are shared
#endif
#ifdef HALF_OUT
const uint kOutBytes = 2;
#else
const uint kOutBytes = 4;
#endif

// ---- loads --------------------------------------------------------------------------------------
// `loads_shared` must be a constant; addresses are those of the first lane there, else the lane's own.

// What a lane's address is beyond the first lane's.
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

// A float for each lane.
float load_row(uint64_t address) {
  float v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i) v[i] = FloatLoad(address + uint64_t(4 * i)).at[0];
  TUFF_CHOOSE(v);
  return v[0];
}

// A pair for each lane, side by side.
vec2 load_pairs(uint64_t address) {
  vec2 v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i)
    v[i] = vec2(FloatLoad(address + uint64_t(8 * i)).at[0], FloatLoad(address + uint64_t(8 * i + 4)).at[0]);
  TUFF_CHOOSE(v);
  return v[0];
}

VEC load_lanes(bool loads_shared, uint64_t address) {
#if VECTOR == 2
  if (!loads_shared) return load_pair(address);
  return kApart ? vec2(load_row(address), load_row(address + uint64_t(4 * kGroupLanes))) : load_pairs(address);
#else
  return loads_shared ? load_row(address) : FloatLoad(address).at[0];
#endif
}

// The same of values stored as f16 in variants with HALF_IN.
#ifdef HALF_IN
VEC load_stored_lanes(bool loads_shared, uint64_t address) {
#if VECTOR == 2
  if (!loads_shared) return loaded_pair(StoredVec2Load(address).at[0]);
  uint v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i) v[i] = StoredVec2Load(address + uint64_t(4 * i)).at[0];
  TUFF_CHOOSE(v);
  return loaded_pair(v[0]);
#else
  if (!loads_shared) return loaded_scalar(StoredLoad(address).at[0]);
  float v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i) v[i] = loaded_scalar(StoredLoad(address + uint64_t(2 * i)).at[0]);
  TUFF_CHOOSE(v);
  return v[0];
#endif
}
#else
#define load_stored_lanes load_lanes
#endif

// ---- stores -------------------------------------------------------------------------------------
// Addresses are the first lane's, plus store_bytes() of its loads_shared and an element's bytes.

bool is_odd_lane() { return (gl_SubgroupInvocationID & 1u) != 0; }

// Of two neighbouring lanes the even one stores both their values of a, the odd one those of b. In variants with SHARED,
// which drivers without operations on quads don't get. (Broadcasts instead become no permutation.)
#ifdef SHARED
vec2 exchanged(float a, float b) {
  const float others = subgroupQuadSwapHorizontal(is_odd_lane() ? a : b);
  return is_odd_lane() ? vec2(others, b) : vec2(a, others);
}
#else
#define exchanged(a, b) vec2(a, b)
#endif

uint store_bytes(bool loads_shared, uint bytes) {
  const uint lane = gl_SubgroupInvocationID;
  if (VECTOR == 2 && loads_shared && kApart) return (is_odd_lane() ? lane - 1 + kGroupLanes : lane) * bytes;
  return lane * VECTOR * bytes;
}

#if VECTOR == 2
vec2 storable(bool loads_shared, vec2 v) { return loads_shared && kApart ? exchanged(v.x, v.y) : v; }
#endif

void store_stored_pair(uint64_t address, vec2 value) {
#ifdef HALF_OUT
  StoredVec2Out(address).at[0] = STORED_VEC2(value);
#else
  store_pair(address, value);
#endif
}

void store_lanes(bool loads_shared, uint64_t address, VEC value) {
#if VECTOR == 2
  store_pair(address, storable(loads_shared, value));
#else
  FloatOut(address).at[0] = value;
#endif
}

void store_stored_lanes(bool loads_shared, uint64_t address, VEC value) {
#if VECTOR == 2
  store_stored_pair(address, storable(loads_shared, value));
#else
  StoredOut(address).at[0] = STORED(value);
#endif
}

// Stores a and, `step` bytes further, b: as pairs where a lane takes one channel, which is for shared loads.
void store_two_lanes(bool loads_shared, uint64_t address, uint64_t step, VEC a, VEC b) {
#if VECTOR == 2
  store_lanes(loads_shared, address, a);
  store_lanes(loads_shared, address + step, b);
#else
  store_pair(address + (is_odd_lane() ? step - 4 : uint64_t(0)), exchanged(a, b));
#endif
}

// The same of values as they are stored, each where its bool is true.
void store_two_stored_lanes(bool loads_shared, uint64_t address, uint64_t step, VEC a, VEC b, bool a_there, bool b_there) {
#if VECTOR == 2
  const vec2 first = storable(loads_shared, a), second = storable(loads_shared, b);
  if (a_there) store_stored_pair(address, first);
  if (b_there) store_stored_pair(address + step, second);
#else
  const vec2 value = exchanged(a, b);
  if (is_odd_lane() ? b_there : a_there)
    store_stored_pair(address + (is_odd_lane() ? step - kOutBytes : uint64_t(0)), value);
#endif
}

// ---- fours --------------------------------------------------------------------------------------
// Four neighbouring values of f32, or words of 32 bits, for each lane: rows of floats, from which each lane takes its own.
// LLVM makes loads and permutations of it.

// Number `at` of the floats in rows.
#define TUFF_OF_ROWS(rows, at) subgroupBroadcast(rows[(at) / kGroupLanes], uint((at) % kGroupLanes))

vec4 fours_of(float rows[4]) {
  vec4 v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i)
    [[unroll]] for (int c = 0; c < 4; ++c) v[i][c] = TUFF_OF_ROWS(rows, 4 * i + c);
  TUFF_CHOOSE(v);
  return v[0];
}

vec4 load_fours(uint64_t address) {
  float rows[4];
  [[unroll]] for (int i = 0; i < 4; ++i) rows[i] = load_row(address + uint64_t(4 * kGroupLanes * i));
  return fours_of(rows);
}

// The same of values stored as f16 in variants with HALF_IN: `kStoredRows` rows of words.
#ifdef HALF_IN
const uint kStoredFourBytes = 8;
const int kStoredRows = 2;
vec4 stored_fours_of(float rows[kStoredRows]) {
  vec2 v[kGroupLanes];
  [[unroll]] for (int i = 0; i < kGroupLanes; ++i)
    [[unroll]] for (int word = 0; word < 2; ++word) v[i][word] = TUFF_OF_ROWS(rows, 2 * i + word);
  TUFF_CHOOSE(v);
  return vec4(unpackHalf2x16(floatBitsToUint(v[0].x)), unpackHalf2x16(floatBitsToUint(v[0].y)));
}
#else
const uint kStoredFourBytes = 16;
const int kStoredRows = 4;
#define stored_fours_of fours_of
#endif

vec4 load_stored_fours(uint64_t address) {
  float rows[kStoredRows];
  [[unroll]] for (int i = 0; i < kStoredRows; ++i) rows[i] = load_row(address + uint64_t(4 * kGroupLanes * i));
  return stored_fours_of(rows);
}

// Row i from four number at[i] after `address` on.
vec4 load_stored_fours_at(uint64_t address, uint at[kStoredRows]) {
  float rows[kStoredRows];
  [[unroll]] for (int i = 0; i < kStoredRows; ++i) rows[i] = load_row(address + uint64_t(at[i]) * kStoredFourBytes);
  return stored_fours_of(rows);
}

#endif
