// SGD with momentum over flat vectors, in place; the formulas are in engine/ops/sgd.h. One invocation updates four
// elements; `count` counts fours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/update.glsl"

layout(constant_id = 8) const uint kMomentum = 0;  // 1: momentum, 2: Nesterov's

layout(push_constant) uniform Push {
  Vec4InOut parameters;
  Vec4In gradients;
  Vec4InOut momentum_buffer;
  FloatIn state;  // learning rate, -, -, 1 in the first step
  UPDATE_BUFFERS
  UPDATE_CONSTANTS
  float momentum, one_minus_dampening, weight_decay;
} push;

void update(uint i, uint first) {
  vec4 parameters = FOUR(parameters);
  vec4 g = PREPARED_GRADIENT(parameters, push.weight_decay);
  bool is_first = push.state.at[3] == 1.0;
  if (kMomentum != 0) {
    vec4 buffered = g;
    if (!is_first) buffered = push.momentum * FOUR(momentum_buffer) + push.one_minus_dampening * g;
    STORE_FOUR(momentum_buffer, buffered);
    g = kMomentum == 2 ? g + push.momentum * buffered : buffered;
  }
  parameters -= push.state.at[0] * g;
  STORE_PARAMETERS(parameters, is_first)
}

void main() {
  UPDATE_ALL
}
