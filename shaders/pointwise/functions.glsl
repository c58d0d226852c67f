// The functions of the table's rows that only the "functions" variants of program.comp have, to 1e-6 of each result.
// Vulkan lets a driver's own sin, cos and atan be far coarser. NaN in gives NaN out; infinities as in C.
#ifndef TUFF_FUNCTIONS_GLSL
#define TUFF_FUNCTIONS_GLSL

#include "common/math.glsl"

const float kPi = 3.14159265;
const float kHalfPi = 1.57079633;

float with_sign(float size, float x) { return uintBitsToFloat(floatBitsToUint(size) | (floatBitsToUint(x) & 0x80000000u)); }

// x = quadrant * pi / 2 + the result, |result| <= pi / 4. pi / 2 comes in four parts of so few bits that its multiples
// up to 2^16 are exact but for the last (Cody & Waite 1980): good to |x| = 1e5, beyond which accuracy is lost.
float quarter_turn(float x, out int quadrant) {
  float n = roundEven(x * 0.636619772);
  precise float r = (((x - n * 1.5703125) - n * 4.82559204e-4) - n * 1.2665987e-6) - n * 9.92093629e-10;
  quadrant = int(clamp(n, -1e9, 1e9)) & 3;
  return clamp(r, -1.0, 1.0);
}

// The series of sin and cos for |r| <= pi / 4.
float near_sine(float r) {
  float rr = r * r;
  return r + r * rr * (-1.0 / 6.0 + rr * (1.0 / 120.0 + rr * (-1.0 / 5040.0 + rr * (1.0 / 362880.0))));
}
float near_cosine(float r) {
  float rr = r * r;
  return 1.0 + rr * (-0.5 + rr * (1.0 / 24.0 + rr * (-1.0 / 720.0 + rr * (1.0 / 40320.0 + rr * (-1.0 / 3628800.0)))));
}

// `turns`: quarter turns added to x's angle.
float sine_after(float x, int turns) {
  if (is_nan(x) || is_infinity(abs(x))) return not_a_number();
  int quadrant;
  float r = quarter_turn(x, quadrant);
  quadrant = quadrant + turns & 3;
  float size = (quadrant & 1) == 0 ? near_sine(r) : near_cosine(r);
  return quadrant >= 2 ? -size : size;
}
float sine(float x) { return sine_after(x, 0); }
float cosine(float x) { return sine_after(x, 1); }

// Reduced to |z| <= tan(pi / 8); minimax polynomial of atan(z) / z in z^2.
float arc_tangent(float x) {
  if (is_nan(x)) return x;
  float a = abs(x);
  bool large = a > 2.41421356, middle = a > 0.414213562 && !large;
  float z = large ? -1.0 / a : middle ? (a - 1.0) / (a + 1.0) : a;
  float zz = z * z;
  float near = z + z * zz * (-0.333333313 + zz * (0.199995503 + zz * (-0.142642319 + zz * (0.107462987 + zz * -0.0645937622))));
  return with_sign(near + (large ? kHalfPi : middle ? 0.25 * kPi : 0.0), x);
}

// asin for 0 <= s <= 1/2: minimax polynomial in s^2.
float near_arc_sine(float s) {
  float ss = s * s;
  return s + s * ss * (0.166666731 + ss * (0.0749880895 + ss * (0.0450107008 + ss * (0.0264942776 + ss * 0.0382064506))));
}

// acos(a) = 2 asin(sqrt((1 - a) / 2)).
float arc_sine(float x) {
  float a = abs(x);
  if (is_nan(x) || a > 1.0) return not_a_number();
  return with_sign(a <= 0.5 ? near_arc_sine(a) : kHalfPi - 2.0 * near_arc_sine(square_root(0.5 * (1.0 - a))), x);
}
float arc_cosine(float x) {
  float a = abs(x);
  if (is_nan(x) || a > 1.0) return not_a_number();
  if (a <= 0.5) return kHalfPi - with_sign(near_arc_sine(a), x);
  float angle = 2.0 * near_arc_sine(square_root(0.5 * (1.0 - a)));
  return x > 0.0 ? angle : kPi - angle;
}

// exp(x) - 1, by its series near 0.
float exponential_minus_one(float x) {
  float near = x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0 +
               x * (1.0 / 5040.0 + x * (1.0 / 40320.0))))))));
  return abs(x) < 0.5 ? near : exponential(x) - 1.0;
}

// log(1 + x) for all x.
float logarithm_of_more(float x) { return abs(x) < 0.5 ? log_one_plus(x) : logarithm(1.0 + x); }

// Near 0 by the series; e^|x| / 2 as (h / 2) h with h = e^(|x| / 2), which overflows no sooner than the result.
float hyperbolic_sine(float x) {
  float a = abs(x), xx = x * x;
  float near = x + x * xx * (1.0 / 6.0 + xx * (1.0 / 120.0 + xx * (1.0 / 5040.0 + xx * (1.0 / 362880.0))));
  float h = exponential(0.5 * a);
  return is_nan(x) ? x : a < 1.0 ? near : with_sign(0.5 * h * h - 0.5 / h / h, x);
}
float hyperbolic_cosine(float x) {
  float h = exponential(0.5 * abs(x));
  return 0.5 * h * h + 0.5 / h / h;
}

// asinh|x| = log(1 + a + a^2 / (1 + sqrt(a^2 + 1))), acosh x = log(1 + t + sqrt(t (t + 2))) with t = x - 1; log(2 |x|)
// where a square could overflow.
float area_sine(float x) {
  float a = abs(x);
  float near = logarithm_of_more(a + a * a / (1.0 + square_root(a * a + 1.0)));
  return is_nan(x) ? x : with_sign(a < 1e9 ? near : logarithm(a) + 0.693147181, x);
}
float area_cosine(float x) {
  float t = x - 1.0;
  if (is_nan(x) || t < 0.0) return not_a_number();
  return x < 1e9 ? logarithm_of_more(t + square_root(t * (t + 2.0))) : logarithm(x) + 0.693147181;
}

// Below 1 x times a polynomial in x^2; above 1 - exp(polynomial), of log(1 - erf(a)).
float error_function(float x) {
  float a = min(abs(x), 4.0), xx = x * x;
  if (is_nan(x)) return x;
  if (a < 1.0)
    return x * (1.12837911 + xx * (-0.37612626 + xx * (0.112835974 + xx * (-0.0268543288 + xx * (0.00518931216 +
           xx * (-0.000801885501 + xx * 7.88249745e-05))))));
  float log_rest = 0.000184899283 + a * (-1.12956405 + a * (-0.633247674 + a * (-0.10838946 + a * (0.0251903012 +
                   a * (-0.00419805944 + a * (0.000440056348 + a * -2.15812215e-05))))));
  return with_sign(1.0 - exponential(log_rest), x);
}

float round_to_even(float x) { return with_sign(abs(roundEven(x)), x); }

// What is left of a after as many b as fit, with a's sign, exactly: long division, each of whose subtractions is exact.
float division_rest(float a, float b) {
  float rest = abs(a), divisor = abs(b);
  if (is_nan(a) || is_nan(b) || is_infinity(rest) || divisor == 0.0) return not_a_number();
  int bits = int(floatBitsToUint(rest) >> 23) - int(floatBitsToUint(divisor) >> 23);
  for (; bits >= 0; --bits) {
    // divisor 2^bits in two steps, as 2^bits alone may overflow; it then doesn't fit.
    int half_bits = bits / 2;
    float multiple = divisor * uintBitsToFloat(uint(half_bits + 127) << 23) * uintBitsToFloat(uint(bits - half_bits + 127) << 23);
    if (rest >= multiple) rest -= multiple;
  }
  return with_sign(rest, a);
}

// As torch's binary_cross_entropy: logarithms no lower than -100.
float bce_of(float p, float t) {
  float yes = logarithm(p), no = abs(p) < 0.5 ? log_one_plus(-p) : logarithm(1.0 - p);
  return -(t * (yes < -100.0 ? -100.0 : yes) + (1.0 - t) * (no < -100.0 ? -100.0 : no));
}

#endif
