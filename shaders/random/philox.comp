// Random numbers by their logical index (engine/ops/random.h): one invocation makes the four of a Philox block and
// puts them where the layout has them: element ((a channels) + b) spatial + s at a strides[0] + b strides[1] +
// s strides[2]. Elementary functions are our own: drivers may be coarse in log, sin and cos.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/math.glsl"
#include "common/philox.glsl"

layout(constant_id = 3) const uint kDistribution = 0;  // Random::Distribution: uniform, normal

layout(push_constant) uniform Push {
  IntIn state;  // seed, its high word, step
  FloatOut y;
  uint count;
  uint rounds;
  uint number, use;
  uint channels, spatial;
  uint strides[3];
} push;

const float kUnit = 2.3283064365386963e-10;  // 2^-32

// -ln((bits + 1/2) / 2^32); near 1 from the distance to it, which is exact.
float minus_log(uint bits) {
  bool upper = (bits & 0x80000000u) != 0u;
  float part = (float(int(upper ? ~bits : bits)) + 0.5) * kUnit;  // at most 1/2
  return upper ? -log_one_plus(-part) : -logarithm(part);
}

// (cos, sin) of bits / 2^32 turns: the rest to the nearest quarter turn by its series, then turned by the quarters.
vec2 direction(uint bits) {
  uint quarters = (bits + 0x20000000u) >> 30;
  float a = float(int(bits - (quarters << 30))) * (6.28318530717958648 * kUnit);  // at most pi / 4
  float aa = a * a;
  float c = 1.0 + aa * (-0.5 + aa * (1.0 / 24.0 + aa * (-1.0 / 720.0 + aa * (1.0 / 40320.0 - aa / 3628800.0))));
  float s = a * (1.0 + aa * (-1.0 / 6.0 + aa * (1.0 / 120.0 + aa * (-1.0 / 5040.0 + aa / 362880.0))));
  if ((quarters & 1u) != 0u) {
    float before = c;
    c = -s;
    s = before;
  }
  return (quarters & 2u) != 0u ? vec2(-c, -s) : vec2(c, s);
}

vec2 normal_pair(uint a, uint b) { return square_root(2.0 * minus_log(a)) * direction(b); }

vec4 draw(uint block) {
  uvec2 seed = uvec2(push.state.at[0], push.state.at[1]);
  uvec4 bits = philox(uvec4(block, uint(push.state.at[2]), push.number, push.use), seed);
  if (kDistribution == 1) return vec4(normal_pair(bits.x, bits.y), normal_pair(bits.z, bits.w));
  return vec4(unit_float(bits.x), unit_float(bits.y), unit_float(bits.z), unit_float(bits.w));
}

void store(uint first, vec4 values) {
  uint lines = divide(first, push.spatial);
  uint a = divide(lines, push.channels);
  uint b = lines - a * push.channels;
  uint s = first - lines * push.spatial;
  for (uint lane = 0; lane < 4 && first + lane < push.count; ++lane) {
    push.y.at[a * push.strides[0] + b * push.strides[1] + s * push.strides[2]] = values[lane];
    if (++s == push.spatial) {
      s = 0;
      if (++b == push.channels) {
        b = 0;
        ++a;
      }
    }
  }
}

void main() {
  uint i = first_of_rounds(push.rounds);
  for (uint round = 0; round < push.rounds && i * 4 < push.count; ++round) {
    store(i * 4, draw(i));
    i += gl_WorkGroupSize.x;
  }
}
