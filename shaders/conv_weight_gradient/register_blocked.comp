// The weight gradient of a convolution for CPU drivers: no shared memory, no barriers, all columns of one kernel row
// times IN input times OUT output channels in registers, or with DEPTHWISE (one input channel for each output channel)
// OUT of both.
// x (N, D, H, W, C), upstream (N, D, H, W, O), partial (parts, taps, C / groups, O). IN divides C / groups, OUT divides
// O / groups, with DEPTHWISE O.
//
// Such drivers gather a load lane by lane, about ten cycles each: a strip of x and a run of upstream pixels are read
// once and multiplied with each other for every column of the kernel.
//
// One invocation sums over one part of the rows of output pixels; sum_parts.comp adds the parts. Neighbours take the
// next output channels, then the next input channels, then the next kernel row, then the next part.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/wide.glsl"
#include "conv_weight_gradient/geometry.glsl"

const int kRun = 4;  // output pixels of a row at a time: 32 GFLOP/s on Mesa 25, against 25 with 8
const int kLastRun = (kOutW - 1) / kRun * kRun;
const int kStrip = (kRun - 1) * kStrideW + (kKernelW - 1) * kDilationW + 1;

#ifdef DEPTHWISE
#define X_VECTOR Y_VECTOR
#define X_IN Y_IN
#define X_LOADED(v) Y_LOADED(v)
#define X_CHANNEL(v, i) v
#define IN 1
#elif IN == 4
#define X_VECTOR vec4
#define X_IN StoredVec4Load
#define X_LOADED(v) loaded(v)
#define X_CHANNEL(v, i) v[i]
#else
#define X_VECTOR float
#define X_IN StoredLoad
#define X_LOADED(v) loaded_scalar(v)
#define X_CHANNEL(v, i) v
#endif
#if OUT == 4
#define Y_VECTOR vec4
#define Y_IN StoredVec4Load
#define Y_LOADED(v) loaded(v)
#define Y_OUT Vec4Out
#else
#define Y_VECTOR float
#define Y_IN StoredLoad
#define Y_LOADED(v) loaded_scalar(v)
#define Y_OUT FloatOut
#endif
layout(push_constant) uniform Push {
  X_IN x;
  Y_IN upstream;
  Y_OUT partial;
};

void main() {
  const uint out_vectors = kOutChannels / OUT, in_vectors = kInChannels / kGroups / IN;
  uint index = linear_invocation();
  const uint out_vector = index % out_vectors;
  index /= out_vectors;
  const uint in_vector = index % in_vectors;
  index /= in_vectors;
#ifdef DEPTHWISE
  const uint pixel_vectors = out_vectors, x_vector = out_vector;
#else
  const uint pixel_vectors = kInChannels / IN;
  const uint x_vector = in_vector + (kGroups == 1 ? 0 : out_vector * OUT / (kOutChannels / kGroups) * in_vectors);
#endif
  const uint kernel_row = index % uint(kKernelD * kKernelH);
  const int part = int(index / uint(kKernelD * kKernelH));
  if (part >= kParts) return;
  const int ky = int(kernel_row) % kKernelH, kz = int(kernel_row) / kKernelH;

  Y_VECTOR sum[kKernelW * IN];
  for (int i = 0; i < kKernelW * IN; ++i) sum[i] = Y_VECTOR(0.0);

  for (int row = part; row < kBatch * kOutD * kOutH; row += kParts) {
    const int iy = row % kOutH * kStrideH - kPaddingH + ky * kDilationH;
    const int iz = row / kOutH % kOutD * kStrideD - kPaddingD + kz * kDilationD;
    if (iy >= 0 && iy < kInH && iz >= 0 && iz < kInD) {
      const int in_row = ((row / (kOutH * kOutD) * kInD + iz) * kInH + iy) * kInW;
      for (int ox = 0; ox < kOutW; ox += kRun) {
        X_VECTOR strip[kStrip];
        for (int s = 0; s < kStrip; ++s) {
          const int ix = ox * kStrideW - kPaddingW + s;
          // Most columns of a strip lie inside the row for every run, which the compiler then knows.
          const bool always = s >= kPaddingW && kLastRun * kStrideW - kPaddingW + s < kInW;
          const X_VECTOR value = X_LOADED(x.at[uint(in_row + (always ? ix : clamp(ix, 0, kInW - 1))) * pixel_vectors + x_vector]);
          strip[s] = always || ix >= 0 && ix < kInW ? value : X_VECTOR(0.0);
        }
        Y_VECTOR run[kRun];
        for (int p = 0; p < kRun; ++p) {
          const bool always = kLastRun + p < kOutW;
          const Y_VECTOR value = Y_LOADED(upstream.at[uint(row * kOutW + (always ? ox + p : min(ox + p, kOutW - 1))) * out_vectors + out_vector]);
          run[p] = always || ox + p < kOutW ? value : Y_VECTOR(0.0);
        }
        // One sum after the other: they don't all fit in a CPU's registers.
        for (int kx = 0; kx < kKernelW; ++kx)
          for (int i = 0; i < IN; ++i)
            for (int p = 0; p < kRun; ++p)
              sum[kx * IN + i] = fma(Y_VECTOR(X_CHANNEL(strip[p * kStrideW + kx * kDilationW], i)), run[p], sum[kx * IN + i]);
      }
    }
  }
  const uint taps = uint(kKernelD * kKernelH * kKernelW);
  for (int kx = 0; kx < kKernelW; ++kx)
    for (int i = 0; i < IN; ++i) {
      const uint tap = kernel_row * uint(kKernelW) + uint(kx);
      partial.at[((uint(part) * taps + tap) * (kInChannels / kGroups) + in_vector * IN + uint(i)) * out_vectors + out_vector] = sum[kx * IN + i];
    }
}
