// Elementary functions to a few units in the last place. Vulkan lets a driver's own exp and log be off by
// 3 + 2 |x| units and more, and software drivers make use of it; these cost the same everywhere.
// NaN in gives NaN out; infinities as in C.
#ifndef TUFF_MATH_GLSL
#define TUFF_MATH_GLSL

#include "common/nan.glsl"

float infinity() { return uintBitsToFloat(0x7f800000u); }
float not_a_number() { return uintBitsToFloat(0x7fc00000u); }

// ln 2 in two parts; the first has 9 bits, so that multiples of it below 2^15 are exact.
const float kLn2High = 0.693359375;
const float kLn2Low = -2.12194440e-4;

// 2^n e^r with |r| <= ln 2 / 2 and e^r by its series. The factor is applied in two halves, as 2^n alone may
// exceed the normal range.
float exponential(float x) {
  float bounded = clamp(x, -104.0, 89.0);
  float n = roundEven(bounded * 1.44269504);
  precise float r = (bounded - n * kLn2High) - n * kLn2Low;
  float series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 +
                 r * (1.0 / 720.0 + r * (1.0 / 5040.0)))))));
  int power_low = int(n) / 2;
  int power_high = int(n) - power_low;
  float result = series * uintBitsToFloat(uint(power_low + 127) << 23) * uintBitsToFloat(uint(power_high + 127) << 23);
  return is_nan(x) ? x : result;
}

// e ln 2 + ln f with f in [sqrt(1/2), sqrt(2)) and ln f = 2 artanh((f - 1) / (f + 1)) by its series.
float logarithm(float x) {
  bool subnormal = x < 1.17549435e-38;
  uint bits = floatBitsToUint(subnormal ? x * 8388608.0 : x);
  int e = int(bits >> 23) - (subnormal ? 150 : 127);
  float f = uintBitsToFloat((bits & 0x007fffffu) | 0x3f800000u);
  if (f > 1.41421356) {
    f *= 0.5;
    e += 1;
  }
  float z = (f - 1.0) / (f + 1.0);
  float zz = z * z;
  float series = 2.0 * z + z * zz * (2.0 / 3.0 + zz * (2.0 / 5.0 + zz * (2.0 / 7.0 + zz * (2.0 / 9.0))));
  precise float result = float(e) * kLn2High + (series + float(e) * kLn2Low);
  if (x == 0.0) result = -infinity();
  if (x < 0.0) result = not_a_number();
  return is_infinity(x) || is_nan(x) ? x : result;
}

// log(1 + x) for 0 <= x <= 1, relative to the result: 2 artanh(x / (2 + x)) by its series.
float log_one_plus(float x) {
  float z = x / (2.0 + x);
  float zz = z * z;
  return 2.0 * z * (1.0 + zz * (1.0 / 3.0 + zz * (1.0 / 5.0 + zz * (1.0 / 7.0 + zz * (1.0 / 9.0 + zz * (1.0 / 11.0 +
                   zz * (1.0 / 13.0 + zz * (1.0 / 15.0))))))));
}

float logistic(float x) {
  float e = exponential(-abs(x));
  float large = 1.0 / (1.0 + e);
  return x < 0.0 ? e * large : large;
}

// Lambert's continued fraction to x^2 / 9 near 0, where 1 - 2 / (e^2x + 1) would cancel.
float hyperbolic_tangent(float x) {
  float xx = x * x;
  float near = x * (945.0 + xx * (105.0 + xx)) / (945.0 + xx * (420.0 + xx * 15.0));
  float far = 1.0 - 2.0 / (exponential(2.0 * abs(x)) + 1.0);
  return abs(x) < 0.625 ? near : x < 0.0 ? -far : far;
}

// e^(b log |a|): the relative error is about 1e-7 (1 + |b log a|). Negative a with integral b only, else NaN.
float power(float a, float b) {
  float size = abs(a);
  float result = exponential(b * logarithm(size));
  bool integral = floor(b) == b;
  bool odd = integral && b - 2.0 * floor(b * 0.5) == 1.0;
  bool negative = (floatBitsToUint(a) & 0x80000000u) != 0u;
  if (negative) result = odd ? -result : integral || size == 0.0 || is_infinity(size) ? result : not_a_number();
  return b == 0.0 || a == 1.0 || (a == -1.0 && is_infinity(abs(b))) ? 1.0 : result;
}

float square_root(float x) { return sqrt(x); }
float magnitude(float x) { return abs(x); }
float round_down(float x) { return floor(x); }
float nan_max(float a, float b) { return a > b || is_nan(a) ? a : b; }
float nan_min(float a, float b) { return a < b || is_nan(a) ? a : b; }

#endif
