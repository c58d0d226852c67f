// The weight gradient of a convolution for CPU drivers whose subgroups are a CPU's vectors: a workgroup is one subgroup,
// its lanes take neighbouring output channels, VECTOR each, of the same kIn input channels and all columns of one kernel
// row, whose sums stay in registers. No shared memory, no barriers.
// x (N, D, H, W, C), upstream (N, D, H, W, O), partial (parts, taps, C / groups, O). kIn divides C / groups, STEP divides
// kIn, VECTOR times the subgroup's size divides O / groups.
//
// Each lane reads other columns and channels of the strip of x under a run of output pixels, and the subgroup hands them
// round, as in conv/subgroup_blocked.comp; with SHARED all lanes read the same. A workgroup sums over one part of the
// rows of output pixels; sum_parts.comp adds the parts. Neighbours take the next output channels, then the next input
// channels, then the next kernel row, then the next part.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/grid.glsl"
#include "common/wide.glsl"
#ifdef SHARED
#include "common/lanes.glsl"
#endif
#include "conv_weight_gradient/geometry.glsl"
layout(constant_id = 26) const int kIn = 1;

const int kRun = 8;  // output pixels of a row at a time
const int kLanes = int(gl_WorkGroupSize.x);
const int kLastRun = (kOutW - 1) / kRun * kRun;
const int kStrip = (kRun - 1) * kStrideW + (kKernelW - 1) * kDilationW + 1;
const int kAcross = kIn / STEP;  // loads of a column

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
#if VECTOR == 2
#define Y_VECTOR vec2
#define Y_IN StoredVec2Load
#define Y_LOADED(v) loaded_pair(v)
#define Y_OUT Vec2Out
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

// Load `e` of the strip whose first column is `left`, 0 beyond the row. `always`: no run has it outside.
X element(int in_row, int left, int e, bool always, uint first_input) {
  const int ix = left + e / kAcross;
  const uint pixel = uint(in_row + (always ? ix : clamp(ix, 0, kInW - 1)));
  const X value = X_LOADED(x.at[(pixel * kInChannels + first_input) / STEP + uint(e % kAcross)]);
  return always || ix >= 0 && ix < kInW ? value : X(0.0);
}

// Whether columns `from` to `to` of the strip lie inside the row for every run.
bool always_inside(int from, int to) { return from >= kPaddingW && kLastRun * kStrideW - kPaddingW + to < kInW; }

void main() {
  const uint out_vectors = kOutChannels / VECTOR, in_blocks = kInChannels / kGroups / kIn;
  const uint across = out_vectors / kLanes, lane = gl_SubgroupInvocationID;
  uint index = linear_group();
  const uint out_block = index % across * kLanes;
  const uint out_vector = out_block + lane;
  index /= across;
  const uint in_block = index % in_blocks;
  index /= in_blocks;
  const uint first_input = in_block * kIn + out_block * VECTOR / (kOutChannels / kGroups) * (kInChannels / kGroups);
  const uint kernel_row = index % uint(kKernelD * kKernelH);
  const int part = int(index / uint(kKernelD * kKernelH));
  if (part >= kParts) return;
  const int rows = kBatch * kOutD * kOutH;
  const int ky = int(kernel_row) % kKernelH, kz = int(kernel_row) / kKernelH;

  Y_VECTOR sum[kKernelW * kIn];
  [[unroll]] for (int i = 0; i < kKernelW * kIn; ++i) sum[i] = Y_VECTOR(0.0);

  for (int next = part; next < rows; next += kParts) {
    const int row = min(next, rows - 1);  // inside x where no lane is active any more, see conv/subgroup_blocked.comp
    const int iy = row % kOutH * kStrideH - kPaddingH + ky * kDilationH;
    const int iz = row / kOutH % kOutD * kStrideD - kPaddingD + kz * kDilationD;
    if (iy >= 0 && iy < kInH && iz >= 0 && iz < kInD) {
      const int in_row = ((row / (kOutH * kOutD) * kInD + clamp(iz, 0, kInD - 1)) * kInH + clamp(iy, 0, kInH - 1)) * kInW;
      for (int ox = 0; ox < kOutW; ox += kRun) {
        const int left = min(ox, kLastRun) * kStrideW - kPaddingW;
        X strip[kStrip * kAcross];
#ifdef SHARED
        [[unroll]] for (int e = 0; e < kStrip * kAcross; ++e)
          strip[e] = element(in_row, left, e, always_inside(e / kAcross, e / kAcross), first_input);
#else
        [[unroll]] for (int e = 0; e < kStrip * kAcross; e += kLanes) {
          const X value = element(in_row, left, e + int(lane), always_inside(e / kAcross, (e + kLanes - 1) / kAcross), first_input);
          [[unroll]] for (int i = 0; i < kLanes; ++i)
            if (e + i < kStrip * kAcross) strip[e + i] = subgroupBroadcast(value, uint(i));
        }
#endif
        Y_VECTOR run[kRun];
        [[unroll]] for (int p = 0; p < kRun; ++p) {
          const bool always = kLastRun + p < kOutW;
#ifdef SHARED
          const uint pixel = uint(row * kOutW + min(min(ox, kLastRun) + p, kOutW - 1));
          const Y_VECTOR value = load_stored_lanes(true, uint64_t(upstream) + uint64_t(pixel * out_vectors + out_block) * (kInBytes * VECTOR));
#else
          const Y_VECTOR value = Y_LOADED(upstream.at[uint(row * kOutW + (always ? ox + p : min(ox + p, kOutW - 1))) * out_vectors + out_vector]);
#endif
          run[p] = always || ox + p < kOutW ? value : Y_VECTOR(0.0);
        }
        // One sum after the other: they don't all fit in a CPU's registers.
        [[unroll]] for (int kx = 0; kx < kKernelW; ++kx)
          [[unroll]] for (int i = 0; i < kIn; ++i) {
            Y_VECTOR term[kRun];
            [[unroll]] for (int p = 0; p < kRun; ++p)
              term[p] = X_CHANNEL(strip[(p * kStrideW + kx * kDilationW) * kAcross + i / STEP], i % STEP) * run[p];
            sum[kx * kIn + i] += ((term[0] + term[1]) + (term[2] + term[3])) + ((term[4] + term[5]) + (term[6] + term[7]));
          }
      }
    }
  }
  const uint taps = uint(kKernelD * kKernelH * kKernelW);
  const uint first_weight = in_block * kIn;
  [[unroll]] for (int kx = 0; kx < kKernelW; ++kx)
    [[unroll]] for (int i = 0; i < kIn; ++i) {
      const uint tap = kernel_row * uint(kKernelW) + uint(kx);
      const uint row = (uint(part) * taps + tap) * (kInChannels / kGroups) + first_weight + uint(i);
#ifdef SHARED
      store_lanes(true, uint64_t(partial) + uint64_t(row * out_vectors + out_block) * kVecBytes + store_bytes(true, 4), sum[kx * kIn + i]);
#else
      partial.at[row * out_vectors + out_vector] = sum[kx * kIn + i];
#endif
    }
}
