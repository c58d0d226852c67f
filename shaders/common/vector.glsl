// One shader source for two widths: a REAL is a float or, with VEC4 defined, four neighbouring channels. Needs channel
// counts that are multiples of kLanes.
#ifndef TUFF_VECTOR_GLSL
#define TUFF_VECTOR_GLSL
#include "common/buffers.glsl"

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer IVec4In { ivec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer IVec4Out { ivec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer UintIn { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer UintOut { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer UVec4In { uvec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer UVec4Out { uvec4 at[]; };

#ifdef VEC4
#define REAL vec4
#define RealIn Vec4In
#define RealOut Vec4Out
#define RealInOut Vec4InOut
#define INTEGER ivec4
#define IntegerIn IVec4In
#define IntegerOut IVec4Out
#define WordIn UVec4In
#define WordOut UVec4Out
const uint kLanes = 4;
#else
#define REAL float
#define RealIn FloatIn
#define RealOut FloatOut
#define RealInOut FloatInOut
#define INTEGER int
#define IntegerIn IntIn
#define IntegerOut IntOut
#define WordIn UintIn
#define WordOut UintOut
const uint kLanes = 1;
#endif

#endif
