// Adagrad over flat vectors, in place; the formulas are in engine/ops/adagrad.h. One invocation updates four elements;
// `count` counts fours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/update.glsl"

layout(push_constant) uniform Push {
  Vec4InOut parameters;
  Vec4In gradients;
  Vec4InOut sum;
  FloatIn state;  // learning rate, -, -, 1 in the first step, steps before
  UPDATE_BUFFERS
  UPDATE_CONSTANTS
  float rate_decay, weight_decay, initial_accumulator_value, eps;
} push;

void update(uint i, uint first) {
  vec4 parameters = FOUR(parameters);
  vec4 g = PREPARED_GRADIENT(parameters, push.weight_decay);
  bool is_first = push.state.at[3] == 1.0;
  float rate = push.state.at[0] / (1.0 + push.state.at[4] * push.rate_decay);
  vec4 sum = (is_first ? vec4(push.initial_accumulator_value) : FOUR(sum)) + g * g;
  STORE_FOUR(sum, sum);
  parameters -= rate * (g / (sqrt(sum) + push.eps));
  STORE_PARAMETERS(parameters, is_first)
}

void main() {
  UPDATE_ALL
}
