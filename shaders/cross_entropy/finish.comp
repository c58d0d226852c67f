#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// loss = the sum of the first `parts` floats over the sum of the next; one invocation, in order.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/compensated.glsl"

layout(push_constant) uniform Push {
  FloatIn partial;
  FloatOut loss;
  FloatOut divisor;
  uint parts;
};

void main() {
  float sum = 0.0, sum_lost = 0.0, total = 0.0, total_lost = 0.0;
  for (uint part = 0; part < parts; ++part) {
    add_to(sum, sum_lost, partial.at[part]);
    add_to(total, total_lost, partial.at[parts + part]);
  }
  loss.at[0] = sum / total;
  divisor.at[0] = total;
}
