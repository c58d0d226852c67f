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
// the next channels, then the next pixels, then the next row.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/wide.glsl"
#include "conv/activation.glsl"
#include "conv/row_taps.glsl"

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
  Extents extents;
};

VEC activated(VEC v) {
#if VECTOR == 4
  return vec4(activate(v.x, kActivation, kSlope), activate(v.y, kActivation, kSlope), activate(v.z, kActivation, kSlope),
              activate(v.w, kActivation, kSlope));
#else
  return activate(v, kActivation, kSlope);
#endif
}

void main() {
  const uint vectors = kOutChannels / VECTOR;  // of a pixel
  const uint vector = linear_invocation() % vectors;
  const Block block = block_at(linear_invocation() / vectors, extents);
  if (block.n >= extents.batch) return;

  VEC sum[kPixels];
  const VEC start = kBias ? VEC_LOADED(bias.at[vector]) : VEC(0.0);
  for (int p = 0; p < kPixels; ++p) sum[p] = start;
  const int left = block.first * kInStep + kLeast;
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
    const bool always = kLeast + s >= 0 && s < kWithin;
    inside[s] = always || left + s >= 0 && left + s < extents.in_w;
    column[s] = uint(always ? left + s : clamp(left + s, 0, extents.in_w - 1));
  }

  for (int kz = 0; kz < kKernelD; ++kz) {
    const int iz = tap(block.oz, kz, kStrideD, kPaddingD, kDilationD, extents.in_d);
    for (int ky = 0; ky < kKernelH; ++ky) {
      const int iy = tap(block.oy, ky, kStrideH, kPaddingH, kDilationH, extents.in_h);
      if (iz >= 0 && iy >= 0) {
        const uint in_row = ((block.n * uint(extents.in_d) + uint(iz)) * uint(extents.in_h) + uint(iy)) * uint(extents.in_w);
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
              w[t] = VEC_LOADED(weight.at[((kernel_row + uint(extents.first_tap + t * kTapStep)) * weight_rows + weight_row + c + u) * weight_vectors + weight_vector]);
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
    const int j = block.first + p;
    if (j >= block.begin && j < block.end)
      y.at[(block.row * uint(extents.out_w) + uint(j * kOutStep + extents.residue)) * vectors + vector] = STORED_VEC(activated(sum[p]));
  }
}
