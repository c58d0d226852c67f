// SGD with momentum over flat vectors, in place; the formulas are in engine/ops/sgd.h. One invocation updates four
// elements; `count` counts fours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/grid.glsl"

layout(constant_id = 3) const uint kScaled = 0;    // 1: gradients are multiplied by gradient_scale
layout(constant_id = 4) const uint kMomentum = 0;  // 1: momentum, 2: Nesterov's

layout(push_constant) uniform Push {
  Vec4InOut parameters;
  Vec4In gradients;
  Vec4InOut momentum_buffer;
  FloatIn state;  // learning rate, -, -, 1 in the first step
  FloatIn gradient_scale;
  uint count;
  uint rounds;
  float momentum, one_minus_dampening, weight_decay;
} push;

void update(uint i) {
  vec4 parameters = push.parameters.at[i];
  vec4 g = push.gradients.at[i];
  if (kScaled == 1) g *= push.gradient_scale.at[0];
  g += push.weight_decay * parameters;
  if (kMomentum != 0) {
    vec4 buffered = g;
    if (push.state.at[3] == 0.0) buffered = push.momentum * push.momentum_buffer.at[i] + push.one_minus_dampening * g;
    push.momentum_buffer.at[i] = buffered;
    g = kMomentum == 2 ? g + push.momentum * buffered : buffered;
  }
  push.parameters.at[i] = parameters - push.state.at[0] * g;
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i < push.count; ++round) {
    update(i);
    i += gl_WorkGroupSize.x;
  }
}
