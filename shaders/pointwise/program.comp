// A chain of elementwise ops over up to six inputs: y[i] = program(x0[..], x1[..], ...). Channels-last memory of
// `channels` C innermost and `sample` = pixels * C elements a sample; each input has its own way of being indexed.
//
// The program is all specialization constants, so the driver's constant folding leaves only the arithmetic of the
// ops it names; scalars (slopes, factors) are push constants and share the pipeline. Variants hold at most STEPS
// instructions: a driver takes 8 ms a step to fold them (lavapipe); FUNCTIONS variants know the table's last rows too.
// One invocation computes ELEMENTS neighbouring elements; 4 reads all arrays as vec4, which needs 16-byte aligned
// addresses and multiples of four for `count`, and for C where an input is indexed by it.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/math.glsl"
#ifdef FUNCTIONS
#include "pointwise/functions.glsl"
#endif

// How inputs are indexed, 4 bits each from the lowest (PointwiseAccess), and how many there are.
layout(constant_id = 3) const uint kAccess = 0;
layout(constant_id = 4) const uint kInputs = 1;
// Instructions: opcode | a << 8 | b << 13 | c << 18 | scalar << 23; a, b, c number inputs 0 to 5, then results.
layout(constant_id = 5) const uint kCount = 1;
layout(constant_id = 6) const bool kShared = false;  // loads, see load_stored_fours; in WIDE variants
layout(constant_id = 7) const uint kCode0 = 0;
layout(constant_id = 8) const uint kCode1 = 0;
layout(constant_id = 9) const uint kCode2 = 0;
layout(constant_id = 10) const uint kCode3 = 0;
layout(constant_id = 11) const uint kCode4 = 0;
layout(constant_id = 12) const uint kCode5 = 0;
layout(constant_id = 13) const uint kCode6 = 0;
layout(constant_id = 14) const uint kCode7 = 0;
layout(constant_id = 15) const uint kCode8 = 0;
layout(constant_id = 16) const uint kCode9 = 0;
layout(constant_id = 17) const uint kCode10 = 0;
layout(constant_id = 18) const uint kCode11 = 0;
layout(constant_id = 19) const uint kCode12 = 0;
layout(constant_id = 20) const uint kCode13 = 0;
layout(constant_id = 21) const uint kCode14 = 0;
layout(constant_id = 22) const uint kCode15 = 0;

#ifdef WIDE
#include "common/lanes.glsl"
#define T vec4
#define IN Vec4Load
#define LOADED_T(v) loaded(v)
#define LOADED_STORED_T(v) loaded(v)
#define STORED_IN StoredVec4Load
#define STORED_OUT StoredVec4Store
#define STORED_T(v) stored_half(v)
#elif ELEMENTS == 4
#define T vec4
#define IN Vec4In
#define LOADED_T(v) v
#define STORED_IN StoredVec4In
#define STORED_OUT StoredVec4Out
#define STORED_T(v) STORED_VEC4(v)
#define LOADED_STORED_T(v) LOADED_VEC4(v)
#else
#define T float
#define IN FloatIn
#define LOADED_T(v) v
#define STORED_IN StoredIn
#define STORED_OUT StoredOut
#define STORED_T(v) STORED(v)
#define LOADED_STORED_T(v) LOADED(v)
#endif
// Inputs of the result's own shape are stored as it is, smaller ones as f32: an address that is the one or the other.
#ifdef HALF_IN
#extension GL_EXT_buffer_reference_uvec2 : require
#define ADDRESS uvec2
#else
#define ADDRESS IN
#endif

layout(push_constant) uniform Push {
  ADDRESS x0, x1, x2, x3, x4, x5;
  STORED_OUT y;
  uint count;     // elements
  uint channels;  // C
  uint sample_elements;
  uint channels_multiplier, channels_shift;  // for division, used only where C and samples are larger than 1
  uint sample_multiplier, sample_shift;
  uint rounds;
  float scalars[8];
} push;

const uint kSame = 0, kScalar = 1, kChannel = 2, kSampleChannel = 3, kPixel = 4, kSample = 5, kImage = 6;

uint element_index(uint access, uint i) {
  if (access == kSame) return i;
  if (access == kScalar) return 0;
  if (access == kChannel || access == kSampleChannel || access == kPixel) {
    uint pixel = divide(i, push.channels_multiplier, push.channels_shift);
    if (access == kPixel) return pixel;
    uint channel = i - pixel * push.channels;
    if (access == kChannel) return channel;
    return divide(i, push.sample_multiplier, push.sample_shift) * push.channels + channel;
  }
  uint sample_index = divide(i, push.sample_multiplier, push.sample_shift);
  return access == kSample ? sample_index : i - sample_index * push.sample_elements;
}

float apply(uint opcode, float a, float b, float c, float s) {
#define POINTWISE(number, name, arity, immediate, expression, da, db, dc) \
  if (opcode == number) return expression;
#include "pointwise/table.h"
#undef POINTWISE
  return 0.0;
}

// Values of one element: inputs, then results.
float v[22];

#define STEP(n, code)                                                                                        \
  if (kCount > n)                                                                                            \
    v[6 + n] = apply(code & 255u, v[code >> 8 & 31u], v[code >> 13 & 31u], v[code >> 18 & 31u], push.scalars[code >> 23 & 7u]);

float run() {
  STEP(0, kCode0)
#if STEPS > 1
  STEP(1, kCode1) STEP(2, kCode2) STEP(3, kCode3)
#endif
#if STEPS > 4
  STEP(4, kCode4) STEP(5, kCode5) STEP(6, kCode6) STEP(7, kCode7)
#endif
#if STEPS > 8
  STEP(8, kCode8) STEP(9, kCode9) STEP(10, kCode10) STEP(11, kCode11)
  STEP(12, kCode12) STEP(13, kCode13) STEP(14, kCode14) STEP(15, kCode15)
#endif
  return v[5 + kCount];
}

// Number i of x, which is `first` for the group's first lane.
#ifdef HALF_IN
T load(uvec2 address, uint access, uint i, uint first) {
#ifdef WIDE
  if (kShared && access == kSame) return load_stored_fours(packed(address) + uint64_t(first) * kStoredFourBytes);
#endif
  if (access == kSame) return LOADED_STORED_T(STORED_IN(address).at[i]);
  IN x = IN(address);
#else
T load(IN x, uint access, uint i, uint first) {
#ifdef WIDE
  if (kShared && access == kSame) return load_stored_fours(uint64_t(x) + uint64_t(first) * kStoredFourBytes);
#endif
#endif
  uint at = element_index(access, i * ELEMENTS);
#if ELEMENTS == 4
  // Four neighbours belong to one sample and one pixel.
#ifdef WIDE
  if (access == kScalar || access == kPixel || access == kSample) return vec4(FloatIn(x).at[at]);
#else  // SwiftShader converts no references
  if (access == kScalar || access == kPixel || access == kSample) return vec4(x.at[at / 4][at % 4]);
#endif
#endif
  return LOADED_T(x.at[at / ELEMENTS]);
}

void compute(uint i, uint first) {
  T x[6];
#define LOAD(n, from) if (kInputs > n) x[n] = load(push.from, kAccess >> 4 * n & 15u, i, first);
  LOAD(0, x0) LOAD(1, x1) LOAD(2, x2) LOAD(3, x3) LOAD(4, x4) LOAD(5, x5)
#if ELEMENTS == 4
  vec4 y;
  for (int lane = 0; lane < 4; ++lane) {
    for (int n = 0; n < 6; ++n) v[n] = x[n][lane];
    y[lane] = run();
  }
  push.y.at[i] = STORED_T(y);
#else
  for (int n = 0; n < 6; ++n) v[n] = x[n];
  push.y.at[i] = STORED_T(run());
#endif
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i * ELEMENTS < push.count; ++round) {
    // Inside the tensors where no lane is active any more.
    compute(i, min(group_round(push.rounds, round), push.count / ELEMENTS - gl_WorkGroupSize.x));
    i += gl_WorkGroupSize.x;
  }
}
