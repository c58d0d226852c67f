// RMSprop over flat vectors, in place; the formulas are in engine/ops/rmsprop.h. One invocation updates four elements;
// `count` counts fours.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/update.glsl"

layout(constant_id = 8) const uint kMomentum = 0;  // 1: there is a momentum buffer
layout(constant_id = 9) const uint kCentered = 0;  // 1: the mean gradient is taken off

layout(push_constant) uniform Push {
  Vec4InOut parameters;
  Vec4In gradients;
  Vec4InOut square_avg, momentum_buffer, grad_avg;
  FloatIn state;  // learning rate, -, -, 1 in the first step
  UPDATE_BUFFERS
  UPDATE_CONSTANTS
  float alpha, one_minus_alpha, eps, momentum, weight_decay;
} push;

void update(uint i, uint first) {
  vec4 parameters = FOUR(parameters);
  vec4 g = PREPARED_GRADIENT(parameters, push.weight_decay);
  vec4 square_avg = push.alpha * FOUR(square_avg) + push.one_minus_alpha * g * g;
  STORE_FOUR(square_avg, square_avg);
  vec4 variance = square_avg;
  if (kCentered == 1) {
    vec4 mean = FOUR(grad_avg);
    mean += push.one_minus_alpha * (g - mean);
    STORE_FOUR(grad_avg, mean);
    variance = max(square_avg - mean * mean, vec4(0.0));  // rounding may leave less than nothing
  }
  vec4 change = g / (sqrt(variance) + push.eps);
  if (kMomentum == 1) {
    change += push.momentum * FOUR(momentum_buffer);
    STORE_FOUR(momentum_buffer, change);
  }
  parameters -= push.state.at[0] * change;
  STORE_PARAMETERS(parameters, push.state.at[3] == 1.0)
}

void main() {
  UPDATE_ALL
}
