#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// result = scale * the sum of `parts` floats, by one invocation, in order.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/compensated.glsl"

layout(push_constant) uniform Push {
  FloatIn partial;
  FloatOut result;
  uint parts;
  float scale;
};

void main() {
  float sum = 0.0;
  float lost = 0.0;
  for (uint part = 0; part < parts; ++part) add_to(sum, lost, partial.at[part]);
  result.at[0] = sum * scale;
}
