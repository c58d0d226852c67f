// Division by a number that the host knows, without the divide instruction, which software drivers do lane by
// lane: quotient = n * multiplier >> 32 + shift, exact for n < 2^31 and divisors from 2 (engine/ops/division.h).
#ifndef TUFF_DIVISION_GLSL
#define TUFF_DIVISION_GLSL

uint divide(uint n, uint multiplier, uint shift) {
  uint high, low;
  umulExtended(n, multiplier, high, low);
  return high >> shift;
}

// The same where the divisor may be 1, with all three as append_division() of engine/ops/division.h gives them.
uint quotient(uint n, uint divisor, uint multiplier, uint shift) {
  return divisor == 1 ? n : divide(n, multiplier, shift);
}

#endif
