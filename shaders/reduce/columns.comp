// One stage of a reduction: x is [outer][flat] with flat = reduced * inner elements; y is [outer][parts][width].
// `width` is a multiple of `inner`, so column j of a row always belongs to inner index j % inner: y's last two axes
// are again [reduced][inner] for the next stage. Column j of part p combines elements j + t * width for
// p * steps <= t < (p + 1) * steps: neighbouring invocations read neighbouring addresses at every step.
//
// Sums are added in blocks of 32 before they reach the total, which keeps the error of 2^10 terms near that of 64.
// The order is fixed by the sizes alone. One invocation computes ELEMENTS neighbouring columns; 4 needs `flat` and
// `width` to be multiples of 4.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/math.glsl"

layout(constant_id = 3) const uint kKind = 0;

const uint kSum = 0, kSumOfSquares = 1, kMax = 2, kMin = 3, kProd = 4, kL1Norm = 5, kLogSumExp = 6;

#ifdef WIDE
#include "common/wide.glsl"
#define T vec4
#define IN StoredVec4Load
#define LOADED_T(v) loaded(v)
#define OUT Vec4Store
#define WRITTEN_T(v) stored(v)
#elif ELEMENTS == 4
#define T vec4
#define IN StoredVec4In
#define LOADED_T(v) LOADED_VEC4(v)
#define OUT Vec4Out
#define WRITTEN_T(v) v
#else
#define T float
#define IN StoredIn
#define LOADED_T(v) LOADED(v)
#define OUT FloatOut
#define WRITTEN_T(v) v
#endif

layout(push_constant) uniform Push {
  IN x;
  OUT y;
  // All in units of ELEMENTS.
  uint count;  // invocations that work: outer * parts * width
  uint flat_extent;
  uint width;
  uint parts;
  uint steps;
  float scale;  // of the result
} push;

float larger(float a, float b) { return a > b || is_nan(a) ? a : b; }
float smaller(float a, float b) { return a < b || is_nan(a) ? a : b; }
vec4 larger(vec4 a, vec4 b) { return vec4(larger(a.x, b.x), larger(a.y, b.y), larger(a.z, b.z), larger(a.w, b.w)); }
vec4 smaller(vec4 a, vec4 b) { return vec4(smaller(a.x, b.x), smaller(a.y, b.y), smaller(a.z, b.z), smaller(a.w, b.w)); }

T sum_columns(uint at, uint terms) {
  T total = T(0.0);
  while (terms > 0) {
    uint block = min(terms, 32);
    T partial = T(0.0);
    for (uint t = 0; t < block; ++t) {
      T value = LOADED_T(push.x.at[at]);
      partial += kKind == kSumOfSquares ? value * value : kKind == kL1Norm ? abs(value) : value;
      at += push.width;
    }
    total += partial;
    terms -= block;
  }
  return total;
}

T multiply_columns(uint at, uint terms) {
  T product = T(1.0);
  for (uint t = 0; t < terms; ++t) {
    product *= LOADED_T(push.x.at[at]);
    at += push.width;
  }
  return product;
}

T extreme_of_columns(uint at, uint terms) {
  T extreme = T(kKind == kMin ? infinity() : -infinity());
  for (uint t = 0; t < terms; ++t) {
    T value = LOADED_T(push.x.at[at]);
    extreme = kKind == kMin ? smaller(value, extreme) : larger(value, extreme);
    at += push.width;
  }
  return extreme;
}

float shifted_exponential(float x, float shift) { return exponential(x - shift); }
vec4 shifted_exponential(vec4 x, vec4 shift) {
  return vec4(exponential(x.x - shift.x), exponential(x.y - shift.y), exponential(x.z - shift.z), exponential(x.w - shift.w));
}
// An infinite maximum would give infinity - infinity; without a shift the result is as infinite.
float finite_shift(float x) { return is_infinity(abs(x)) ? 0.0 : x; }
vec4 finite_shift(vec4 x) { return vec4(finite_shift(x.x), finite_shift(x.y), finite_shift(x.z), finite_shift(x.w)); }
float logarithm_of(float x) { return logarithm(x); }
vec4 logarithm_of(vec4 x) { return vec4(logarithm(x.x), logarithm(x.y), logarithm(x.z), logarithm(x.w)); }

T log_sum_exp_columns(uint at, uint terms) {
  T shift = finite_shift(extreme_of_columns(at, terms));
  T total = T(0.0);
  while (terms > 0) {
    uint block = min(terms, 32);
    T partial = T(0.0);
    for (uint t = 0; t < block; ++t) {
      partial += shifted_exponential(LOADED_T(push.x.at[at]), shift);
      at += push.width;
    }
    total += partial;
    terms -= block;
  }
  return logarithm_of(total) + shift;
}

void main() {
  uint i = linear_invocation();
  if (i >= push.count) return;
  uint column = i % push.width;
  uint part = i / push.width % push.parts;
  uint outer = i / push.width / push.parts;
  uint first = part * push.steps;
  // The last row may be cut short, and a part that has only it may be empty.
  uint rows = (push.flat_extent - column + push.width - 1) / push.width;
  uint terms = min(rows, first + push.steps) - min(rows, first);
  uint at = outer * push.flat_extent + first * push.width + column;
  if (kKind == kMax || kKind == kMin)
    push.y.at[i] = WRITTEN_T(extreme_of_columns(at, terms));
  else if (kKind == kProd)
    push.y.at[i] = WRITTEN_T(multiply_columns(at, terms));
  else if (kKind == kLogSumExp)
    push.y.at[i] = WRITTEN_T(log_sum_exp_columns(at, terms));
  else
    push.y.at[i] = WRITTEN_T(sum_columns(at, terms) * push.scale);
}
