// For tests of the device layer: y[i] = kFactor * x[i] + offset, uint32, one element an invocation.
#version 460
#extension GL_EXT_buffer_reference : require
layout(constant_id = 3) const uint kFactor = 1;

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer UintIn { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer UintOut { uint at[]; };

layout(push_constant) uniform Push {
  UintIn x;
  UintOut y;
  uint count;
  uint offset;
};

void main() {
  const uint i = gl_GlobalInvocationID.x;
  if (i < count) y.at[i] = kFactor * x.at[i] + offset;
}
