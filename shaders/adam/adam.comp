// Adam with coupled or decoupled weight decay over flat vectors, in place; the formulas are in engine/ops/adam.h and
// follow PyTorch's order of operations. One invocation updates four elements; `count` counts fours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/update.glsl"

layout(push_constant) uniform Push {
  Vec4InOut parameters;
  Vec4In gradients;
  Vec4InOut m, v;
  FloatIn state;  // learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), 1 in the first step
  UPDATE_BUFFERS
  UPDATE_CONSTANTS
  float one_minus_beta1, beta2, one_minus_beta2, eps, decoupled_decay, coupled_decay;
} push;

void update(uint i, uint first) {
  vec4 parameters = FOUR(parameters);
  vec4 g = PREPARED_GRADIENT(parameters, push.coupled_decay);
  float rate = push.state.at[0];
  float step_size = rate * push.state.at[1];
  parameters *= 1.0 - rate * push.decoupled_decay * DECAY_FACTOR(i);
  vec4 m = FOUR(m);
  m += push.one_minus_beta1 * (g - m);
  vec4 v = push.beta2 * FOUR(v) + push.one_minus_beta2 * g * g;
  STORE_FOUR(m, m);
  STORE_FOUR(v, v);
  parameters -= step_size * (m / (sqrt(v) * push.state.at[2] + push.eps));
  STORE_PARAMETERS(parameters, push.state.at[3] == 1.0)
}

void main() {
  UPDATE_ALL
}
