#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// From the parts' sums of u and u * xhat: per statistic the means of weight * u and weight * u * xhat over what the
// statistic was taken of, and per channel d weight = sum(u xhat) and d bias = sum(u). Invocation i does statistic i
// and channel i.
#include "common/buffers.glsl"
#include "common/compensated.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"

layout(push_constant) uniform Push {
  FloatIn sums;
  FloatIn weight;
  FloatOut means;  // of weight * u, then of weight * u * xhat
  FloatOut weight_gradient;
  FloatOut bias_gradient;
  uint samples;
  uint parts;
  uint channels;
  uint groups;
  uint affine;
  uint rows;
};

void main() {
  uint i = linear_invocation();
  uint plane = samples * parts * channels;
  uint statistics = groups == 0 ? channels : samples * groups;
  float plain = 0.0, plain_lost = 0.0, along = 0.0, along_lost = 0.0;
  if (i < statistics) {
    uint width = groups == 0 ? 1 : divide(channels, groups);
    uint n = groups == 0 ? 0 : divide(i, groups);
    uint first = groups == 0 ? i : (i - n * groups) * width;
    for (uint c = first; c < first + width; ++c) {
      float scale = affine != 0 ? weight.at[c] : 1.0;
      for (uint part = 0; part < parts; ++part) {
        uint at = (n * parts + part) * channels + c;
        add_to(plain, plain_lost, scale * sums.at[at]);
        add_to(along, along_lost, scale * sums.at[plane + at]);
      }
    }
    float count = float(rows) * float(width);
    means.at[i] = plain / count;
    means.at[statistics + i] = along / count;
  }
  if (affine == 0 || i >= channels) return;
  plain = plain_lost = along = along_lost = 0.0;
  for (uint line = 0; line < samples * parts; ++line) {
    add_to(plain, plain_lost, sums.at[line * channels + i]);
    add_to(along, along_lost, sums.at[plane + line * channels + i]);
  }
  bias_gradient.at[i] = plain;
  weight_gradient.at[i] = along;
}
