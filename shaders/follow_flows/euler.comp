#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Channels-last flows and result (N, H, W, 2), y before x. One invocation follows one pixel, until it stands still.
#include "common/buffers.glsl"
#include "common/division.glsl"
#include "common/grid.glsl"
#include "common/nan.glsl"

layout(push_constant) uniform Push {
  FloatIn flows;
  FloatOut result;
  uint pixels;  // of all samples
  uint steps;
  uint width, width_multiplier, width_shift;
  uint height, height_multiplier, height_shift;
};

// Beyond any image is far enough: sums stay finite, and so every place is one in the image.
float usable(float flow) { return is_finite(flow) ? clamp(flow, -1e6, 1e6) : 0.0; }

vec2 flow_at(uint pixel) { return vec2(usable(flows.at[2u * pixel]), usable(flows.at[2u * pixel + 1u])); }

void main() {
  uint i = linear_invocation();
  if (i >= pixels) return;
  uint row = quotient(i, width, width_multiplier, width_shift);
  uint n = quotient(row, height, height_multiplier, height_shift);
  uint base = n * height * width;
  vec2 last = vec2(float(height - 1u), float(width - 1u));
  vec2 place = vec2(float(row - n * height), float(i - row * width));
  for (uint step = 0u; step < steps; ++step) {
    vec2 corner = floor(place);
    vec2 share = place - corner;
    uvec2 low = uvec2(corner), high = uvec2(min(corner + 1.0, last));
    vec2 upper = mix(flow_at(base + low.x * width + low.y), flow_at(base + low.x * width + high.y), share.y);
    vec2 lower = mix(flow_at(base + high.x * width + low.y), flow_at(base + high.x * width + high.y), share.y);
    vec2 next = clamp(place + mix(upper, lower, share.x), vec2(0.0), last);
    if (next == place) break;
    place = next;
  }
  result.at[2u * i] = place.x;
  result.at[2u * i + 1u] = place.y;
}
