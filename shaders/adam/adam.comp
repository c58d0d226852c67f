// Adam with decoupled weight decay over flat vectors, in place; the formulas are in engine/ops/adam.h and follow
// PyTorch's order of operations. One invocation updates four elements; `count` counts fours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"

layout(constant_id = 3) const uint kScaled = 0;  // 1: gradients are multiplied by gradient_scale

layout(push_constant) uniform Push {
  Vec4InOut parameters;
  Vec4In gradients;
  Vec4InOut m, v;
  FloatIn state;  // learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
  FloatIn gradient_scale;
  uint count;
  uint rounds;
  float one_minus_beta1, beta2, one_minus_beta2, eps, weight_decay;
} push;

void update(uint i) {
  vec4 g = push.gradients.at[i];
  if (kScaled == 1) g *= push.gradient_scale.at[0];
  float rate = push.state.at[0];
  float step_size = rate * push.state.at[1];
  vec4 parameters = push.parameters.at[i] * (1.0 - rate * push.weight_decay);
  vec4 m = push.m.at[i];
  m += push.one_minus_beta1 * (g - m);
  vec4 v = push.beta2 * push.v.at[i] + push.one_minus_beta2 * g * g;
  push.m.at[i] = m;
  push.v.at[i] = v;
  push.parameters.at[i] = parameters - step_size * (m / (sqrt(v) * push.state.at[2] + push.eps));
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i < push.count; ++round) {
    update(i);
    i += gl_WorkGroupSize.x;
  }
}
