// Integer division by way of floats: SIMD units of CPUs have no integer division, those of GPUs a slow one.
#ifndef TUFF_DIVIDE_GLSL
#define TUFF_DIVIDE_GLSL

// n / d for n < 2^31, 0 < d < 2^31. The first quotient is off by at most n / d / 2^22 + 1, so its remainder fits an
// int; dividing that leaves one correction. Signed throughout: AVX2 converts no unsigned integers.
uint divide(uint n, uint d) {
  float reciprocal = 1.0 / float(int(d));
  int q = int(float(int(n)) * reciprocal);
  q += int(floor(float(int(n) - q * int(d)) * reciprocal));
  int rest = int(n) - q * int(d);
  return uint(rest < 0 ? q - 1 : rest >= int(d) ? q + 1 : q);
}

#endif
