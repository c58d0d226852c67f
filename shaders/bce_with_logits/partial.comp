#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Sums of max(x, 0) - x t + log(1 + exp(-|x|)), times a weight if there is one. Invocation p takes elements p,
// p + parts, ...
#include "common/buffers.glsl"
#include "common/compensated.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  FloatIn target;
  FloatIn weight;
  FloatOut partial;
  uint count;
  uint parts;
  uint weighted;
};

void main() {
  uint part = linear_invocation();
  if (part >= parts) return;
  float sum = 0.0;
  float lost = 0.0;
  for (uint i = part; i < count; i += parts) {
    float logit = x.at[i];
    float loss = (nan_max(logit, 0.0) - logit * target.at[i]) + log_one_plus(exponential(-abs(logit)));
    if (weighted != 0) loss *= weight.at[i];
    add_to(sum, lost, loss);
  }
  partial.at[part] = sum;
}
