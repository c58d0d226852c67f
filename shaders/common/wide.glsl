// Loads of one, two and four floats, stores of four. Mesa's software driver gathers every component of a load lane by lane,
// and stores as it loads; with WIDE two components travel as one 64-bit integer, which halves that (measured on Mesa 25: 1.8
// times as fast convolutions). WIDE needs shaderInt64. Four values stored as f16 are 64 bits.
#ifndef TUFF_WIDE_GLSL
#define TUFF_WIDE_GLSL
#extension GL_EXT_buffer_reference : require

#ifdef WIDE
#extension GL_ARB_gpu_shader_int64 : require
// packUint2x32 overflows an array in Mesa 26 with vectors of 512 bits, and Mesa makes that of `|`, too.
uint64_t packed(uvec2 v) { return uint64_t(v.x) ^ (uint64_t(v.y) << 32); }
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Vec4Load { u64vec2 at[]; };
uvec4 loaded_words(u64vec2 v) { return uvec4(unpackUint2x32(v.x), unpackUint2x32(v.y)); }
vec4 loaded(u64vec2 v) { return uintBitsToFloat(loaded_words(v)); }
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer Vec4Store { u64vec2 at[]; };
u64vec2 stored(uvec4 v) { return u64vec2(packed(v.xy), packed(v.zw)); }
u64vec2 stored(vec4 v) { return stored(floatBitsToUint(v)); }
u64vec2 stored(ivec4 v) { return stored(uvec4(v)); }
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Vec2Load { uint64_t at[]; };
vec2 loaded_pair(uint64_t v) { return uintBitsToFloat(unpackUint2x32(v)); }
#else
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Vec2Load { vec2 at[]; };
vec2 loaded_pair(vec2 v) { return v; }
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Vec4Load { vec4 at[]; };
vec4 loaded(vec4 v) { return v; }
#endif
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer FloatLoad { float at[]; };
float loaded(float v) { return v; }

// Two floats never as one: where all lanes read the same address, which costs no gathers.
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer SharedVec2Load { vec2 at[]; };

#ifndef HALF_IN
#define StoredSharedVec2Load SharedVec2Load
#define shared_pair(v) v
#define StoredVec4Load Vec4Load
#define StoredVec2Load Vec2Load
#define StoredLoad FloatLoad
#define loaded_scalar(v) loaded(v)
#else
#extension GL_EXT_shader_16bit_storage : require
#ifdef WIDE
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer StoredVec4Load { uint64_t at[]; };
vec4 loaded(uint64_t v) {
  uvec2 words = unpackUint2x32(v);
  return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
}
#else
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer StoredVec4Load { uvec2 at[]; };
vec4 loaded(uvec2 v) { return vec4(unpackHalf2x16(v.x), unpackHalf2x16(v.y)); }
#endif
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer StoredVec2Load { uint at[]; };
vec2 loaded_pair(uint v) { return unpackHalf2x16(v); }
#define StoredSharedVec2Load StoredVec2Load
#define shared_pair(v) loaded_pair(v)
layout(buffer_reference, std430, buffer_reference_align = 2) readonly buffer StoredLoad { float16_t at[]; };
#define loaded_scalar(v) float(v)
#endif

#ifdef WIDE
#ifndef HALF_OUT
#define StoredVec4Store Vec4Store
#define stored_half(v) stored(v)
#else
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer StoredVec4Store { uint64_t at[]; };
uint64_t stored_half(vec4 v) { return packed(uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw))); }
#endif
#endif

#endif
