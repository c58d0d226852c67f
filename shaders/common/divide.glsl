// Integer division by way of floats: SIMD units of CPUs have no integer division, those of GPUs a slow one.
#ifndef TUFF_DIVIDE_GLSL
#define TUFF_DIVIDE_GLSL

// The nearest integer to x, |x| < 2^22, from the bits of a sum: Mesa 26 converts floats to integers lane by lane.
int nearest(float x) { return floatBitsToInt(x + 12582912.0) - 0x4B400000; }

// n / d for n < 2^31, 0 < d < 2^31. The first quotient is a multiple of 1024 for small d; the rest that it leaves, less than
// 2^11 d there and 3 d elsewhere (d / 2 where that were too much), fits an int. The rest's quotient is the nearest integer,
// so at most one too large. Signed throughout: AVX2 converts no
// unsigned integers.
uint divide(uint n, uint d) {
  const float reciprocal = 1.0 / float(int(d)), scale = d < 1024u ? 1.0 / 1024.0 : 1.0;
  const int bits = d < 1024u ? 10 : 0;
  uint q = uint(nearest(float(int(n)) * reciprocal * scale) << bits);
  q += uint(nearest(float(int(n - q * d)) * reciprocal));
  return int(n - q * d) < 0 ? q - 1 : q;
}

#endif
