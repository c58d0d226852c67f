// NaN and infinity by their bits: a driver that assumes all floats finite may fold isnan() and isinf() away.
#ifndef TUFF_NAN_GLSL
#define TUFF_NAN_GLSL

bool is_nan(float x) { return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u; }
bool is_infinity(float x) { return floatBitsToUint(x) == 0x7f800000u; }  // the positive one
bool is_finite(float x) { return (floatBitsToUint(x) & 0x7f800000u) != 0x7f800000u; }

#endif
