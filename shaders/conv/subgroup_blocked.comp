// Convolution and transposed convolution for CPU drivers whose subgroups are a CPU's vectors: a workgroup is one
// subgroup, its lanes take neighbouring output channels, VECTOR each, of the same kPixels pixels of one row, whose sums
// stay in registers. No shared memory, no barriers.
// x (N, D, H, W, C), weight (taps, C / groups, O), transposed (taps, C, O / groups), y (N, D, H, W, O), bias (O).
// VECTOR times the subgroup's size divides O / groups, STEP divides C / groups.
//
// Such drivers gather a load lane by lane, some 50 instructions each, so nothing is loaded twice: each lane reads
// another column of the strip of x under the block, and the subgroup hands them round; or, with SHARED, where the driver
// does a load from one address once for all lanes, all read the same. Two channels or two outputs travel as one 64-bit
// integer (common/wide.glsl). What is loaded serves many products: a column all taps and outputs, a weight all pixels.
// Such a load is done even where no lane is active any more, after a loop's last turn or beyond the last block, so its
// address stays inside x there too.
// Loops over the block are unrolled by order, else Mesa's compiler keeps larger blocks in memory.
//
// Classes of columns of a transposed convolution with a stride: see register_blocked.comp.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#include "common/wide.glsl"
#include "conv/activation.glsl"
#include "conv/row_taps.glsl"

// An array must have an element.
const int kTapsHeld = kTaps > 0 ? kTaps : 1;
#ifdef SHARED
#include "common/lanes.glsl"
#endif
const int kLanes = int(gl_WorkGroupSize.x);

#if VECTOR == 2
#define VEC vec2
#define VEC_IN Vec2Load
#define VEC_LOADED(v) loaded_pair(v)
#define STORED_VEC_OUT StoredVec2Out
#define STORED_VEC(v) STORED_VEC2(v)
#else
#define VEC float
#define VEC_IN FloatLoad
#define VEC_LOADED(v) loaded(v)
#define STORED_VEC_OUT StoredOut
#define STORED_VEC(v) STORED(v)
#endif
// STEP neighbouring input channels of a pixel.
#if STEP == 2
#define X vec2
#ifdef SHARED
#define X_IN StoredSharedVec2Load
#define X_LOADED(v) shared_pair(v)
#else
#define X_IN StoredVec2Load
#define X_LOADED(v) loaded_pair(v)
#endif
#define X_CHANNEL(v, u) v[u]
#else
#define X float
#define X_IN StoredLoad
#define X_LOADED(v) loaded_scalar(v)
#define X_CHANNEL(v, u) v
#endif
layout(push_constant) uniform Push {
  X_IN x;
  VEC_IN weight;
  VEC_IN bias;
  STORED_VEC_OUT y;
  Extents extents;
};

// Column `s` of the strip that begins at input column `left`, in the row that begins at pixel `in_row`; 0 beyond the
// row. `always`: no block of the row has it outside, which the compiler then knows.
X column(uint in_row, int left, int s, bool always, uint channel) {
  const int at = left + s;
  const uint pixel = in_row + uint(always ? at : clamp(at, 0, extents.in_w - 1));
  const X value = X_LOADED(x.at[(pixel * kInChannels + channel) / STEP]);
  return always || at >= 0 && at < extents.in_w ? value : X(0.0);
}

void main() {
  const uint vectors = kOutChannels / VECTOR;  // of a pixel
  const uint across = vectors / kLanes;
  const uint lane = gl_SubgroupInvocationID;
  const uint first_vector = linear_group() % across * kLanes, vector = first_vector + lane;
  const Block block = block_at(linear_group() / across, extents);
  if (block.n >= extents.batch) return;
  const uint image = min(block.n, extents.batch - 1);

  VEC sum[kPixels];
#ifdef SHARED
  const VEC start = kBias ? load_lanes(true, uint64_t(bias) + uint64_t(first_vector) * kVecBytes) : VEC(0.0);
#else
  const VEC start = kBias ? VEC_LOADED(bias.at[vector]) : VEC(0.0);
#endif
  [[unroll]] for (int p = 0; p < kPixels; ++p) sum[p] = start;
  const int left = block.first * kInStep + kLeast;
  // The group's first input channel, the same for all lanes; transposed weights hold the outputs of that group alone.
  const uint first_input = first_vector * VECTOR / (kOutChannels / kGroups) * kGroupInputs;
  const uint weight_rows = kTransposed ? kInChannels : kGroupInputs, weight_row = kTransposed ? first_input : 0;
  const uint weight_vectors = kTransposed ? vectors / kGroups : vectors;
  const uint weight_vector = kTransposed && kGroups > 1 ? first_vector % weight_vectors : first_vector;

  for (int kz = 0; kz < kKernelD; ++kz) {
    const int iz = tap(block.oz, kz, kStrideD, kPaddingD, kDilationD, extents.in_d);
    for (int ky = 0; ky < kKernelH; ++ky) {
      const int iy = tap(block.oy, ky, kStrideH, kPaddingH, kDilationH, extents.in_h);
      if (iz >= 0 && iy >= 0) {
        const uint in_row = ((image * uint(extents.in_d) + uint(max(iz, 0))) * uint(extents.in_h) + uint(max(iy, 0))) * uint(extents.in_w);
        // Inside the weight after the loops' last turns, too, as loads that all lanes share are done then.
        const uint kernel_row = uint((min(kz, kKernelD - 1) * kKernelH + min(ky, kKernelH - 1)) * kKernelW);
        for (uint c = 0; c < kGroupInputs; c += STEP) {
          X strip[kStrip];
#ifdef SHARED
          [[unroll]] for (int s = 0; s < kStrip; ++s)
            strip[s] = column(in_row, left, s, kLeast + s >= 0 && s < kWithin, first_input + min(c, kGroupInputs - STEP));
#else
          [[unroll]] for (int s = 0; s < kStrip; s += kLanes) {
            const bool always = kLeast + s >= 0 && s + kLanes <= kWithin;
            const X value = column(in_row, left, s + int(lane), always, first_input + c);
            [[unroll]] for (int i = 0; i < kLanes; ++i)
              if (s + i < kStrip) strip[s + i] = subgroupBroadcast(value, uint(i));
          }
#endif
          VEC w[STEP * kTapsHeld];
          [[unroll]] for (int u = 0; u < STEP; ++u)
            [[unroll]] for (int t = 0; t < kTaps; ++t) {
              const uint row = (kernel_row + uint(extents.first_tap + t * kTapStep)) * weight_rows + weight_row + min(c, kGroupInputs - STEP) + u;
#ifdef SHARED
              w[u * kTaps + t] = load_lanes(true, uint64_t(weight) + uint64_t(row * weight_vectors + weight_vector) * kVecBytes);
#else
              w[u * kTaps + t] = VEC_LOADED(weight.at[row * weight_vectors + weight_vector + lane]);
#endif
            }
          // One sum after the other: they don't all fit in a CPU's registers.
          [[unroll]] for (int p = 0; p < kPixels; ++p)
            [[unroll]] for (int u = 0; u < STEP; ++u)
              [[unroll]] for (int t = 0; t < kTaps; ++t)
                sum[p] = fma(VEC(X_CHANNEL(strip[p * kInStep + t * kTapInput + kFirstInput - kLeast], u)), w[u * kTaps + t], sum[p]);
        }
      }
    }
  }
  [[unroll]] for (int p = 0; p < kPixels; ++p) {
    const int j = block.first + p;
    const uint pixel = block.row * uint(extents.out_w) + uint(j * kOutStep + extents.residue);
#ifdef SHARED
    const uint64_t at = uint64_t(y) + uint64_t(pixel * vectors + first_vector) * (VECTOR * kOutBytes) + store_bytes(true, kOutBytes);
    if (j >= block.begin && j < block.end) store_stored_lanes(true, at, activated(sum[p], kActivation, kSlope));
#else
    if (j >= block.begin && j < block.end) y.at[pixel * vectors + vector] = STORED_VEC(activated(sum[p], kActivation, kSlope));
#endif
  }
}
