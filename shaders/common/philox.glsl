// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), the same numbers as engine/base/philox.h.
#ifndef TUFF_PHILOX_GLSL
#define TUFF_PHILOX_GLSL

uvec4 philox(uvec4 counter, uvec2 key) {
  for (int round = 0; round < 10; ++round) {
    uint a_high, a_low, b_high, b_low;
    umulExtended(0xD2511F53u, counter.x, a_high, a_low);
    umulExtended(0xCD9E8D57u, counter.z, b_high, b_low);
    counter = uvec4(b_high ^ counter.y ^ key.x, b_low, a_high ^ counter.w ^ key.y, a_low);
    key += uvec2(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// Uniform in [0, 1), 24 bits.
float unit_float(uint bits) { return float(int(bits >> 8)) * 5.9604644775390625e-8; }

#endif
