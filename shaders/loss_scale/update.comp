#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// One step of dynamic loss scaling; the rules are in engine/ops/loss_scale.h. One invocation. The new scale and counts
// may lie where the old ones do: all is read before anything is written.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "pointwise/functions.glsl"

layout(push_constant) uniform Push {
  FloatIn scale;
  FloatIn counts;
  FloatIn norm;
  FloatIn step_state;
  FloatOut new_scale;
  FloatOut new_counts;
  FloatOut gradient_scale;
  FloatOut skip;
  FloatOut new_step_state;
  float growth_factor, backoff_factor, growth_interval;
  float log_beta1, log_beta2;
};

const float kLeastScale = 1.17549435e-38;    // 2^-126
const float kLargestScale = 8.50705917e+37;  // 2^126
const float kLargestCount = 16777216.0;      // beyond 2^24 floats skip whole numbers

void main() {
  float old = scale.at[0];
  float good_steps = counts.at[0], steps = counts.at[1], left_out = counts.at[2];
  float rate = step_state.at[0];
  bool good = is_finite(norm.at[0]);

  float grown = old * growth_factor;
  bool grows = good && good_steps + 1.0 >= growth_interval;
  float next = !good ? max(old * backoff_factor, kLeastScale) : grows && grown <= kLargestScale ? grown : old;
  new_scale.at[0] = next;
  new_counts.at[0] = good && !grows ? good_steps + 1.0 : 0.0;
  new_counts.at[1] = min(steps + (good ? 1.0 : 0.0), kLargestCount);
  new_counts.at[2] = min(left_out + (good ? 0.0 : 1.0), kLargestCount);
  gradient_scale.at[0] = 1.0 / old;
  skip.at[0] = good ? 0.0 : 1.0;

  // 1 - beta^t = -(e^(t log beta) - 1), exact to f32 for small t too.
  float t = steps + 1.0;
  new_step_state.at[0] = rate;
  new_step_state.at[1] = -1.0 / exponential_minus_one(t * log_beta1);
  new_step_state.at[2] = inversesqrt(-exponential_minus_one(t * log_beta2));
  new_step_state.at[3] = steps == 0.0 ? 1.0 : 0.0;
  new_step_state.at[4] = steps;
}
