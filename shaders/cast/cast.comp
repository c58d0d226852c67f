#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// y[i] = x[i] as a float, rounded to the nearest; or with TO_INT as an integer, truncated, what lies outside of its range
// at its ends, and NaN as 0; or between f32 and f16. One invocation converts one element.
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/nan.glsl"

layout(push_constant) uniform Push {
#ifdef TO_INT
  FloatIn x;
  IntOut y;
#elif defined(HALF_IN) || defined(HALF_OUT)
  StoredIn x;
  StoredOut y;
#else
  IntIn x;
  FloatOut y;
#endif
  uint count;
  uint rounds;
};

int truncated(float value) {
  if (is_nan(value)) return 0;
  if (value >= 2147483648.0) return 0x7fffffff;
  return value <= -2147483648.0 ? int(0x80000000u) : int(value);
}

void main() {
  uint i = first_of_rounds(rounds);
  for (uint round = 0; round < rounds && i < count; ++round) {
#ifdef TO_INT
    y.at[i] = truncated(x.at[i]);
#else
    y.at[i] = STORED(float(x.at[i]));
#endif
    i += gl_WorkGroupSize.x;
  }
}
