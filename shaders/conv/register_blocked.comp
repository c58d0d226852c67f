// Convolution and transposed convolution for CPU drivers: no shared memory, no barriers, a block of kPixels output
// pixels times VECTOR output channels in registers. With DEPTHWISE, one input channel for each output channel, it
// serves GPUs too.
// x (N, D, H, W, C), weight (taps, C / groups, O), transposed (taps, C, O / groups), y (N, D, H, W, O), bias (O).
// VECTOR divides O / groups, UNROLL divides C / groups; with DEPTHWISE, VECTOR divides O.
//
// Such drivers gather a load lane by lane, about ten cycles each, so what counts is multiplications per load: for each
// input channel and kernel row the strip of x under the block is read once and used for every tap of the row.
//
// Where transposed with a stride, outputs of one residue class modulo the stride read the same taps and neighbouring
// inputs: a dispatch takes the columns of one class, so no tap is multiplied by a structural zero.
//
// One invocation: VECTOR neighbouring output channels of kPixels pixels of one row (kOutStep apart). Neighbours take
// the next channels, then the next pixels, then the next row. With GROUPED the invocations of a group share their pixels
// and its number alone tells which; a driver that sees so reads x once for all of them (Mesa 26: 1.3 to 2.7 times as fast). The
// group's size divides O / groups / VECTOR.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/wide.glsl"
#include "conv/activation.glsl"

layout(constant_id = 3) const uint kInChannels = 1;
layout(constant_id = 4) const uint kOutChannels = 1;
layout(constant_id = 5) const int kInD = 1;
layout(constant_id = 6) const int kInH = 1;
layout(constant_id = 7) const int kInW = 1;
layout(constant_id = 8) const int kOutD = 1;
layout(constant_id = 9) const int kOutH = 1;
layout(constant_id = 10) const int kOutW = 1;
layout(constant_id = 11) const int kKernelD = 1;
layout(constant_id = 12) const int kKernelH = 1;
layout(constant_id = 13) const int kKernelW = 1;
layout(constant_id = 14) const int kStrideD = 1;
layout(constant_id = 15) const int kStrideH = 1;
layout(constant_id = 16) const int kPaddingD = 0;
layout(constant_id = 17) const int kPaddingH = 0;
layout(constant_id = 18) const int kDilationD = 1;
layout(constant_id = 19) const int kDilationH = 1;
layout(constant_id = 20) const bool kTransposed = false;
// Along the row: output column = kResidue + kOutStep * j; tap number t of kTaps is kernel column
// kFirstTap + t * kTapStep and reads input column j * kInStep + kFirstInput + t * kTapInput.
layout(constant_id = 21) const int kResidue = 0;
layout(constant_id = 22) const int kOutStep = 1;
layout(constant_id = 23) const int kInStep = 1;
layout(constant_id = 24) const int kTaps = 1;
layout(constant_id = 25) const int kFirstTap = 0;
layout(constant_id = 26) const int kTapStep = 1;
layout(constant_id = 27) const int kFirstInput = 0;
layout(constant_id = 28) const int kTapInput = 1;
layout(constant_id = 29) const int kLeast = 0;      // the leftmost input column of a strip, from j * kInStep
layout(constant_id = 30) const int kStrip = 1;      // columns of a strip
layout(constant_id = 31) const bool kBias = false;
layout(constant_id = 32) const uint kActivation = 0;
layout(constant_id = 33) const float kSlope = 0;
layout(constant_id = 34) const int kPixels = 8;
layout(constant_id = 35) const uint kBatch = 1;
layout(constant_id = 36) const uint kGroups = 1;

const uint kGroupInputs = kInChannels / kGroups;

// A class of columns may have no tap, an array must have an element.
const int kTapsHeld = kTaps > 0 ? kTaps : 1;

#if VECTOR == 4
#define VEC vec4
#define VEC_IN Vec4Load
#define STORED_VEC_IN StoredVec4Load
#define STORED_LOADED(v) loaded(v)
#define STORED_VEC_OUT StoredVec4Out
#define STORED_VEC(v) STORED_VEC4(v)
#define VEC_LOADED(v) loaded(v)
#elif VECTOR == 2
#define VEC vec2
#define VEC_IN Vec2Load
#define STORED_VEC_OUT StoredVec2Out
#define STORED_VEC(v) STORED_VEC2(v)
#define VEC_LOADED(v) loaded_pair(v)
#else
#define VEC float
#define VEC_LOADED(v) loaded(v)
#define VEC_IN FloatLoad
#define STORED_VEC_IN StoredLoad
#define STORED_LOADED(v) loaded_scalar(v)
#define STORED_VEC_OUT StoredOut
#define STORED_VEC(v) STORED(v)
#endif
// What a pixel of x gives to an invocation: one channel for all of its outputs, or with DEPTHWISE one for each.
#ifdef DEPTHWISE
#define X VEC
#define X_IN STORED_VEC_IN
#define X_AT(pixel, channel) STORED_LOADED(x.at[(pixel) * vectors + vector])
const uint kSummed = 1;
#else
#define X float
#define X_IN StoredIn
#define X_AT(pixel, channel) LOADED(x.at[(pixel) * kInChannels + (channel)])
const uint kSummed = kGroupInputs;
#endif
layout(push_constant) uniform Push {
  X_IN x;
  VEC_IN weight;
  VEC_IN bias;
  STORED_VEC_OUT y;
};

// The input coordinate of tap k at output coordinate o along D or H, or -1.
int tap(int o, int k, int stride, int padding, int dilation, int extent) {
  const int t = kTransposed ? o + padding - k * dilation : o * stride - padding + k * dilation;
  const int i = kTransposed ? t / stride : t;
  const bool there = t >= 0 && i < extent && (!kTransposed || i * stride == t);
  return there ? i : -1;
}

VEC activated(VEC v) {
#if VECTOR == 2
  return vec2(activate(v.x, kActivation, kSlope), activate(v.y, kActivation, kSlope));
#elif VECTOR == 4
  return vec4(activate(v.x, kActivation, kSlope), activate(v.y, kActivation, kSlope), activate(v.z, kActivation, kSlope),
              activate(v.w, kActivation, kSlope));
#else
  return activate(v, kActivation, kSlope);
#endif
}

void main() {
  const int columns = (kOutW - kResidue + kOutStep - 1) / kOutStep;
  const int blocks = (columns + kPixels - 1) / kPixels;
  const uint vectors = kOutChannels / VECTOR;  // of a pixel
#ifdef GROUPED
  const uint across = vectors / gl_WorkGroupSize.x;
  const uint vector = linear_group() % across * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint block = linear_group() / across;
#else
  const uint vector = linear_invocation() % vectors;
  const uint block = linear_invocation() / vectors;
#endif
  const int first = int(block % uint(blocks)) * kPixels;  // j of the block's first pixel
  const uint row = block / uint(blocks);
  const int oy = int(row % uint(kOutH));
  const int oz = int(row / uint(kOutH) % uint(kOutD));
  const uint n = row / uint(kOutH * kOutD);
  if (n >= kBatch) return;

  VEC sum[kPixels];
  const VEC start = kBias ? VEC_LOADED(bias.at[vector]) : VEC(0.0);
  for (int p = 0; p < kPixels; ++p) sum[p] = start;
  const int left = first * kInStep + kLeast;
  // The group's first input channel; transposed weights hold the outputs of the input channel's own group.
  const uint first_input = kGroups == 1 ? 0 : vector * VECTOR / (kOutChannels / kGroups) * kGroupInputs;
#ifdef DEPTHWISE
  const uint weight_rows = 1, weight_row = 0, weight_vectors = vectors, weight_vector = vector;
#else
  const uint weight_rows = kTransposed ? kInChannels : kGroupInputs, weight_row = kTransposed ? first_input : 0;
  const uint weight_vectors = kTransposed ? vectors / kGroups : vectors;
  const uint weight_vector = kTransposed && kGroups > 1 ? vector % weight_vectors : vector;
#endif
  uint column[kStrip];
  bool inside[kStrip];
  for (int s = 0; s < kStrip; ++s) {
    // Most columns of a strip lie inside the row for every block, which the compiler then knows.
    const bool always = kLeast + s >= 0 && (blocks - 1) * kPixels * kInStep + kLeast + s < kInW;
    inside[s] = always || left + s >= 0 && left + s < kInW;
    column[s] = uint(always ? left + s : clamp(left + s, 0, kInW - 1));
  }

  for (int kz = 0; kz < kKernelD; ++kz) {
    const int iz = tap(oz, kz, kStrideD, kPaddingD, kDilationD, kInD);
    for (int ky = 0; ky < kKernelH; ++ky) {
      const int iy = tap(oy, ky, kStrideH, kPaddingH, kDilationH, kInH);
      if (iz >= 0 && iy >= 0) {
        const uint in_row = ((n * uint(kInD) + uint(iz)) * uint(kInH) + uint(iy)) * uint(kInW);
        const uint kernel_row = uint((kz * kKernelH + ky) * kKernelW);
        for (uint c = 0; c < kSummed; c += UNROLL) {  // a loop's own cost is tens of cycles
          for (uint u = 0; u < UNROLL; ++u) {
            X strip[kStrip];
            for (int s = 0; s < kStrip; ++s) {
              const X value = X_AT(in_row + column[s], first_input + c + u);
              strip[s] = inside[s] ? value : X(0.0);
            }
            VEC w[kTapsHeld];
            for (int t = 0; t < kTaps; ++t)
              w[t] = VEC_LOADED(weight.at[((kernel_row + uint(kFirstTap + t * kTapStep)) * weight_rows + weight_row + c + u) * weight_vectors + weight_vector]);
            // One sum after the other: they don't all fit in a CPU's registers (21 to 33 GFLOP/s on Mesa 25).
            for (int p = 0; p < kPixels; ++p)
              for (int t = 0; t < kTaps; ++t)
                sum[p] = fma(VEC(strip[p * kInStep + t * kTapInput + kFirstInput - kLeast]), w[t], sum[p]);
          }
        }
      }
    }
  }
  for (int p = 0; p < kPixels; ++p) {
    const int ox = (first + p) * kOutStep + kResidue;
    if (ox < kOutW) y.at[(row * uint(kOutW) + uint(ox)) * vectors + vector] = STORED_VEC(activated(sum[p]));
  }
}
