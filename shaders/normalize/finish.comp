#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Mean and biased variance from the parts' moments, and the running statistics of a batch norm, which may be updated
// in place. One invocation per statistic, which is a channel where groups is 0, else a sample's group of channels.
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/nan.glsl"
#include "normalize/chan.glsl"

layout(push_constant) uniform Push {
  FloatIn moments;
  FloatOut mean;
  FloatOut variance;
  FloatIn running_mean;
  FloatIn running_variance;
  FloatOut new_running_mean;
  FloatOut new_running_variance;
  uint samples;
  uint parts;
  uint channels;
  uint groups;
  // 0: without running statistics, and their addresses are not to be used. 2: old ones stay where new ones aren't finite.
  uint running;
  float momentum;
  float unbiased;  // count / (count - 1)
};

void main() {
  uint i = linear_invocation();
  uint statistics = groups == 0 ? channels : samples * groups;
  if (i >= statistics) return;
  uint width = groups == 0 ? 1 : divide(channels, groups);
  uint n = groups == 0 ? 0 : divide(i, groups);
  uint first = groups == 0 ? i : (i - n * groups) * width;
  uint plane = samples * parts * channels;
  Moments all = Moments(0.0, 0.0, 0.0);
  for (uint part = 0; part < parts; ++part)
    for (uint c = first; c < first + width; ++c) {
      uint at = (n * parts + part) * channels + c;
      all = combine(all, Moments(moments.at[at], moments.at[plane + at], moments.at[2 * plane + at]));
    }
  mean.at[i] = all.mean;
  float biased = all.squares / all.count;
  variance.at[i] = biased;
  if (running == 0) return;
  float old_mean = running_mean.at[i], old_variance = running_variance.at[i];
  float new_mean = (1.0 - momentum) * old_mean + momentum * all.mean;
  float new_variance = (1.0 - momentum) * old_variance + momentum * (unbiased * biased);
  bool kept = running == 2 && !(is_finite(new_mean) && is_finite(new_variance));
  new_running_mean.at[i] = kept ? old_mean : new_mean;
  new_running_variance.at[i] = kept ? old_variance : new_variance;
}
