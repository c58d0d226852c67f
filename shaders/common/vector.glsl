// One shader source for two widths: a REAL is a float or, with VEC4 defined, four neighbouring channels. Needs channel
// counts that are multiples of kLanes. With WIDE, too, the four are loaded and stored as 64-bit integers (common/wide.glsl):
// everything is read as LOADED_...(x.at[i]) and written as y.at[i] = STORED_...(v).
#ifndef TUFF_VECTOR_GLSL
#define TUFF_VECTOR_GLSL
#include "common/buffers.glsl"
#include "common/half.glsl"

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer IVec4In { ivec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer IVec4Out { ivec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer UintIn { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer UintOut { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer UVec4In { uvec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer UVec4Out { uvec4 at[]; };

#ifdef VEC4
#define REAL vec4
#define INTEGER ivec4
const uint kLanes = 4;
#else
#define REAL float
#define INTEGER int
const uint kLanes = 1;
#endif

#if defined(VEC4) && defined(WIDE)
#include "common/wide.glsl"
#define RealOut Vec4Store
#define StoredRealIn StoredVec4Load
#define StoredRealOut StoredVec4Store
#define LOADED_REAL(v) loaded(v)
#define STORED_REAL(v) stored_half(v)
#define STORED_F32(v) stored(v)  // in RealOut
#define IntegerIn Vec4Load
#define IntegerOut Vec4Store
#define LOADED_INTEGER(v) ivec4(loaded_words(v))
#define STORED_INTEGER(v) stored(v)
#else
#ifdef VEC4
#define RealIn Vec4In
#define RealOut Vec4Out
#define RealInOut Vec4InOut
#define StoredRealIn StoredVec4In
#define StoredRealOut StoredVec4Out
#define StoredRealInOut StoredVec4InOut
#define LOADED_REAL(v) LOADED_VEC4(v)
#define STORED_REAL(v) STORED_VEC4(v)
#define IntegerIn IVec4In
#define IntegerOut IVec4Out
#else
#define RealIn FloatIn
#define RealOut FloatOut
#define RealInOut FloatInOut
#define StoredRealIn StoredIn
#define StoredRealOut StoredOut
#define StoredRealInOut StoredInOut
#define LOADED_REAL(v) LOADED(v)
#define STORED_REAL(v) STORED(v)
#define IntegerIn IntIn
#define IntegerOut IntOut
#endif
#define STORED_F32(v) v
#define LOADED_INTEGER(v) v
#define STORED_INTEGER(v) v
#endif

// What only moves takes any type of 32 bits as words, and f16 as the REAL that it converts to.
#ifdef HALF_IN
#define WORDS REAL
#define LOADED_WORDS(v) LOADED_REAL(v)
#define WordIn StoredRealIn
#define WordOut StoredRealOut
#define STORED_WORDS(v) STORED_REAL(v)
#define WORDS_OF_BITS(bits) REAL(uintBitsToFloat(bits))  // of an f32
#else
#if defined(VEC4) && defined(WIDE)
#define WORDS uvec4
#define WordIn Vec4Load
#define WordOut Vec4Store
#define LOADED_WORDS(v) loaded_words(v)
#define STORED_WORDS(v) stored(v)
#else
#ifdef VEC4
#define WORDS uvec4
#define WordIn UVec4In
#define WordOut UVec4Out
#else
#define WORDS uint
#define WordIn UintIn
#define WordOut UintOut
#endif
#define LOADED_WORDS(v) v
#define STORED_WORDS(v) v
#endif
#define WORDS_OF_BITS(bits) WORDS(bits)
#endif

#endif
