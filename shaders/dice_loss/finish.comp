#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// 1 - mean over classes of (2 both + smooth) / (either + smooth); one invocation, in order.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/compensated.glsl"

layout(push_constant) uniform Push {
  FloatIn partial;
  FloatOut loss;
  FloatOut sums_both;
  FloatOut sums_either;
  uint parts;
  uint classes;
  float smooth_term;
};

void main() {
  float dice = 0.0;
  for (uint c = 0; c < classes; ++c) {
    float both = 0.0, both_lost = 0.0, either = 0.0, either_lost = 0.0;
    for (uint part = 0; part < parts; ++part) {
      add_to(both, both_lost, partial.at[part * classes + c]);
      add_to(either, either_lost, partial.at[(parts + part) * classes + c]);
    }
    sums_both.at[c] = both;
    sums_either.at[c] = either;
    // 1 - dice without cancellation
    dice += (either - 2.0 * both) / (either + smooth_term);
  }
  loss.at[0] = dice / float(classes);
}
