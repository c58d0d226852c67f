#include "common/nan.glsl"

float minus_infinity() { return uintBitsToFloat(0xff800000u); }

// NaN wins, the first of equal maxima wins; the first element is taken even where it is minus infinity.
void take(float value, int place, inout float best, inout int index) {
  bool better = index < 0 || value > best || is_nan(value);
  best = better ? value : best;
  index = better ? place : index;
}

#ifdef VEC4
void take(vec4 value, int place, inout vec4 best, inout ivec4 index) {
  take(value.x, place, best.x, index.x);
  take(value.y, place, best.y, index.y);
  take(value.z, place, best.z, index.z);
  take(value.w, place, best.w, index.w);
}
#endif
