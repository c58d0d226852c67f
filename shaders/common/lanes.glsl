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

// Of 16 values the one that the lane's number says; those that aren't a lane's are dropped, and so are loads of them, which
// may lie beyond the memory. Straight code without loops, as these take Mesa twice as long, each time that it makes a
// pipeline; names only, as other choices become branches.
float own_of(vec4 a, vec4 b, vec4 c, vec4 d) {
  const uint lane = gl_SubgroupInvocationID, third_bit = kGroupLanes > 4 ? 4u : 0u, fourth_bit = kGroupLanes > 8 ? 8u : 0u;
  const bool first = (lane & 1u) != 0, second = (lane & 2u) != 0, third = (lane & third_bit) != 0, fourth = (lane & fourth_bit) != 0;
  const vec4 low = third ? b : a, high = third ? d : c, four = fourth ? high : low;
  const vec2 left = four.xy, right = four.zw, two = second ? right : left;
  const float even = two.x, odd = two.y;
  return first ? odd : even;
}

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer RowLoad { vec4 at[]; };

vec4 row_part(uint64_t address, uint part) { return RowLoad(address + uint64_t(16 * part)).at[0]; }

// A float for each lane.
float load_row(uint64_t address) {
  return own_of(row_part(address, 0), row_part(address, 1), row_part(address, 2), row_part(address, 3));
}

// A pair for each lane, side by side.
vec2 load_pairs(uint64_t address) {
  const vec4 a = row_part(address, 0), b = row_part(address, 1), c = row_part(address, 2), d = row_part(address, 3);
  const vec4 e = row_part(address, 4), f = row_part(address, 5), g = row_part(address, 6), h = row_part(address, 7);
  return vec2(own_of(vec4(a.xz, b.xz), vec4(c.xz, d.xz), vec4(e.xz, f.xz), vec4(g.xz, h.xz)),
              own_of(vec4(a.yw, b.yw), vec4(c.yw, d.yw), vec4(e.yw, f.yw), vec4(g.yw, h.yw)));
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
#if VECTOR == 2
VEC load_stored_lanes(bool loads_shared, uint64_t address) {
  return loaded_pair(loads_shared ? floatBitsToUint(load_row(address)) : StoredVec2Load(address).at[0]);
}
#else
layout(buffer_reference, std430, buffer_reference_align = 2) readonly buffer StoredRowLoad { f16vec4 at[]; };

vec4 stored_row_part(uint64_t address, uint part) { return vec4(StoredRowLoad(address + uint64_t(8 * part)).at[0]); }

VEC load_stored_lanes(bool loads_shared, uint64_t address) {
  if (!loads_shared) return loaded_scalar(StoredLoad(address).at[0]);
  return own_of(stored_row_part(address, 0), stored_row_part(address, 1), stored_row_part(address, 2), stored_row_part(address, 3));
}
#endif
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

// Number `at` of the floats in an array of rows.
#define TUFF_OF_ROWS(rows, at) subgroupBroadcast(rows[(at) / kGroupLanes % rows.length()], uint((at) % kGroupLanes))
#define TUFF_OF_FOUR_LANES(rows, words, at) \
  vec4(TUFF_OF_ROWS(rows, at), TUFF_OF_ROWS(rows, (at) + words), TUFF_OF_ROWS(rows, (at) + 2 * words), TUFF_OF_ROWS(rows, (at) + 3 * words))
// Number `at` of the lane's words, of which each lane has `words`.
#define TUFF_OWN_OF_ROWS(rows, words, at)                                                                        \
  own_of(TUFF_OF_FOUR_LANES(rows, words, at), TUFF_OF_FOUR_LANES(rows, words, 4 * words + (at)),                 \
         TUFF_OF_FOUR_LANES(rows, words, 8 * words + (at)), TUFF_OF_FOUR_LANES(rows, words, 12 * words + (at)))

vec4 fours_of(float rows[4]) {
  return vec4(TUFF_OWN_OF_ROWS(rows, 4, 0), TUFF_OWN_OF_ROWS(rows, 4, 1), TUFF_OWN_OF_ROWS(rows, 4, 2), TUFF_OWN_OF_ROWS(rows, 4, 3));
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
  return vec4(unpackHalf2x16(floatBitsToUint(TUFF_OWN_OF_ROWS(rows, 2, 0))), unpackHalf2x16(floatBitsToUint(TUFF_OWN_OF_ROWS(rows, 2, 1))));
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
