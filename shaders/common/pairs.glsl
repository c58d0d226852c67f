// Two neighbouring floats at a 64-bit address as one load or store, for kernels that need shaderInt64 anyway.
#ifndef TUFF_PAIRS_GLSL
#define TUFF_PAIRS_GLSL
#ifndef WIDE
#define WIDE
#endif
#include "common/wide.glsl"

layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer PairOut { uint64_t at[]; };

const uint kPairBytes = 8;

vec2 load_pair(uint64_t address) { return loaded_pair(Vec2Load(address).at[0]); }
void store_pair(uint64_t address, vec2 value) { PairOut(address).at[0] = packed(floatBitsToUint(value)); }

#endif
