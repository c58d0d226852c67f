// For tests of the device layer: y[i] = kFactor * x[i] + offset, uint32, one element an invocation.
#version 460
#extension GL_EXT_buffer_reference : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
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
