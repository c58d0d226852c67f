// Buffer references: a shader gets 64-bit addresses as push constants and only indexes from them
// (arithmetic on addresses needs shaderInt64, which SwiftShader and Raspberry Pi lack).
#ifndef TUFF_BUFFERS_GLSL
#define TUFF_BUFFERS_GLSL
#extension GL_EXT_buffer_reference : require

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer FloatIn { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer FloatOut { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer FloatInOut { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer Vec2Out { vec2 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Vec4In { vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer Vec4Out { vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Vec4InOut { vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer IntIn { int at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer IntOut { int at[]; };

#endif
