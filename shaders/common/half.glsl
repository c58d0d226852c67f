// Tensors that are stored as f16 in the variants compiled with HALF_IN (what is read), HALF_OUT (what is written) or
// both, as f32 in the others. Computation is in f32 always: a value is converted where it is read, LOADED(x.at[i]), and
// where it is written, y.at[i] = STORED(v). Needs 16-bit storage and no arithmetic on f16.
#ifndef TUFF_HALF_GLSL
#define TUFF_HALF_GLSL
#include "common/buffers.glsl"

#if defined(HALF_IN) || defined(HALF_OUT)
#extension GL_EXT_shader_16bit_storage : require
#endif

#ifdef HALF_IN
layout(buffer_reference, std430, buffer_reference_align = 2) readonly buffer StoredIn { float16_t at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer StoredVec4In { f16vec4 at[]; };
#define LOADED(v) float(v)
#define LOADED_VEC4(v) vec4(v)
#else
#define StoredIn FloatIn
#define StoredVec4In Vec4In
#define LOADED(v) v
#define LOADED_VEC4(v) v
#endif

#ifdef HALF_OUT
layout(buffer_reference, std430, buffer_reference_align = 2) writeonly buffer StoredOut { float16_t at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer StoredVec2Out { f16vec2 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer StoredVec4Out { f16vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 2) buffer StoredInOut { float16_t at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) buffer StoredVec4InOut { f16vec4 at[]; };
#define STORED(v) float16_t(v)
#define STORED_VEC2(v) f16vec2(v)
#define STORED_VEC4(v) f16vec4(v)
#else
#define StoredOut FloatOut
#define StoredVec2Out Vec2Out
#define StoredVec4Out Vec4Out
#define StoredInOut FloatInOut
#define StoredVec4InOut Vec4InOut
#define STORED(v) v
#define STORED_VEC2(v) v
#define STORED_VEC4(v) v
#endif

#endif
