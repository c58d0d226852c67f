#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// (sigmoid(x) - t) w upstream / count. One invocation per element.
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"

layout(push_constant) uniform Push {
  FloatIn x;
  FloatIn target;
  FloatIn weight;
  FloatIn upstream;
  FloatOut result;
  uint count;
  uint weighted;
  float scale;
};

void main() {
  uint i = linear_invocation();
  if (i >= count) return;
  float gradient = (logistic(x.at[i]) - target.at[i]) * (upstream.at[0] * scale);
  if (weighted != 0) gradient *= weight.at[i];
  result.at[i] = gradient;
}
