// Convolution, also transposed, for CPU drivers whose subgroups are a CPU's vectors and that do a load from one
// address once for all lanes: a workgroup is one subgroup, whose lanes take VECTOR output channels each, and
// walks over rows of pixels. All weights of kHeld input channels are loaded before and stay on the stack, from where a
// CPU multiplies them at no cost; no sum outlives a turn of the loop, so none is written through a mask. x (N, D, H,
// W, C), weight (taps, C, O), y (N, D, H, W, O), bias (O). VECTOR times the subgroup's size divides O, kHeld divides C and is
// even. More input channels come in turns, each of which adds to what the ones before left in y.
//
// Pixels beyond the image are read from `zeros`, one of its rows, or a pixel where no row lies beyond the image:
// choosing an address costs less than choosing between what was loaded and 0 for each channel. Addresses are chosen
// once for all turns of a row that read no such pixel. Loads that all lanes share are done even where no lane is
// active, so addresses stay inside x there too.
// Transposed with a stride, a dispatch is for output pixels of one residue class modulo it, which read the same taps.
// Groups take the next output channels, then the next run of rows.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/grid.glsl"
#include "common/lanes.glsl"
#include "conv/activation.glsl"
#include "conv/row_taps.glsl"
layout(constant_id = 29) const uint kHeld = 2;
layout(constant_id = 30) const bool kTurns = false;  // there are more input channels than that
// Taps along D and H, as along the row: number t is of kernel plane or row first_tap + t * kTapStep.
layout(constant_id = 31) const int kTapsD = 1;
layout(constant_id = 32) const int kTapsH = 1;
layout(constant_id = 33) const int kTapStepD = 1;
layout(constant_id = 34) const int kTapStepH = 1;
// x is some of the input channels, and y holds what the ones before gave, or is to get what others give.
layout(constant_id = 35) const bool kFurther = false;
layout(constant_id = 36) const bool kUnfinished = false;
layout(push_constant) uniform Push {
  uint64_t x;
  uint64_t weight;
  uint64_t bias;
  uint64_t y;
  uint64_t zeros;
  Extents extents;
  uint in_channels;
  uint out_channels;
  int run;      // rows of a workgroup
  int class_d;  // planes, rows and columns of output pixels of the class
  int class_h;
  int class_w;
  int residue_d;  // the first of them
  int residue_h;
  int first_tap_d;
  int first_tap_h;
  uint weight_channels;  // all input channels; `weight` begins with x's
};

const int kRowTaps = kTapsD * kTapsH;
const int kOutStepD = kTransposed ? kStrideD : 1, kOutStepH = kTransposed ? kStrideH : 1;

void main() {
  const uint blocks = out_channels / (VECTOR * gl_WorkGroupSize.x);
  const uint first_out = linear_group() % blocks * gl_WorkGroupSize.x * VECTOR;
  const int rows = int(extents.batch) * class_d * class_h;
  const int from = int(linear_group() / blocks) * run, to = min(from + run, rows);
  const uint pixel_bytes = in_channels * kInBytes, out_bytes = out_channels * kOutBytes;
  const VEC start = kBias ? load_lanes(true, bias + first_out * 4) : VEC(0.0);

  for (uint first = 0; first < in_channels; first += kHeld) {
    const uint channel = min(first, in_channels - kHeld);
    VEC w[kRowTaps * kTaps * kHeld];
    [[unroll]] for (int r = 0; r < kRowTaps; ++r) {
      const int kz = first_tap_d + r / kTapsH * kTapStepD, ky = first_tap_h + r % kTapsH * kTapStepH;
      [[unroll]] for (int t = 0; t < kTaps; ++t)
        [[unroll]] for (uint i = 0; i < kHeld; ++i) {
          const int tap = (kz * kKernelH + ky) * kKernelW + t * kTapStep + extents.first_tap;
          const uint tap_row = uint(tap) * weight_channels + channel + i;
          w[(r * kTaps + t) * kHeld + i] = load_lanes(true, weight + uint64_t(tap_row * out_channels + first_out) * 4);
        }
    }
    const bool last = !kUnfinished && first + kHeld >= in_channels;
    for (int next = from; next < to; ++next) {
      const int row = min(next, rows - 1);
      const int plane = int(divide(uint(row), uint(class_h))), image = int(divide(uint(plane), uint(class_d)));
      const int oy = (row - plane * class_h) * kOutStepH + residue_h;
      const int oz = (plane - image * class_d) * kOutStepD + residue_d;
      uint64_t in_row[kRowTaps];
      bool in_rows[kRowTaps];
      [[unroll]] for (int r = 0; r < kRowTaps; ++r) {
        const int kz = first_tap_d + r / kTapsH * kTapStepD, ky = first_tap_h + r % kTapsH * kTapStepH;
        const int iz = tap(oz, kz, kStrideD, kPaddingD, kDilationD, extents.in_d);
        const int iy = tap(oy, ky, kStrideH, kPaddingH, kDilationH, extents.in_h);
        const int in_line = (image * extents.in_d + max(iz, 0)) * extents.in_h + max(iy, 0);
        in_row[r] = x + uint64_t(uint(in_line * extents.in_w)) * pixel_bytes + channel * kInBytes;
        in_rows[r] = iz >= 0 && iy >= 0;
      }
      const int out_line = (image * extents.out_d + oz) * extents.out_h + oy;
      const uint out_pixel = uint(out_line * extents.out_w + extents.residue);
      const uint64_t out_row = y + uint64_t(out_pixel) * out_bytes + first_out * kOutBytes;
      const uint turn_bytes = uint(kInStep) * pixel_bytes;
      for (int begin = 0, end; begin < class_w; begin = end) {
        const int first_x = min(begin, class_w - kPixels), left = first_x * kInStep + kLeast;
        // Up to the last turn that reads pixels of the image alone and doesn't reach over the row's end.
        const int most = min((extents.in_w - kLeast - kStrip) / kInStep, class_w - kPixels);
        end = begin + (left >= 0 && most > begin ? (most - begin) / kPixels + 1 : 1) * kPixels;
        uint64_t strip[kRowTaps * kStrip];  // what the row's first pixel would read there
        [[unroll]] for (int r = 0; r < kRowTaps; ++r)
          [[unroll]] for (int s = 0; s < kStrip; ++s) {
            const bool inside = in_rows[r] && left + s >= 0 && left + s < extents.in_w;
            const uint64_t pixel = in_row[r] + uint64_t(uint(clamp(left + s, 0, extents.in_w - 1))) * pixel_bytes;
            strip[r * kStrip + s] = (inside ? pixel : zeros) - uint64_t(uint(first_x) * turn_bytes);
          }
        const int last_x = min(end, class_w) - kPixels;  // a row's last pixels may be of the turn before, too
        for (int next_x = begin; next_x < end; next_x += kPixels) {
          const int ox = min(next_x, last_x);
          const uint offset = uint(ox) * turn_bytes;
          VEC sum[kPixels];
          [[unroll]] for (int p = 0; p < kPixels; ++p) sum[p] = VEC(0.0);
          [[unroll]] for (int r = 0; r < kRowTaps; ++r)
            [[unroll]] for (uint i = 0; i < kHeld; i += 2) {
              vec2 x[kStrip];
              [[unroll]] for (int s = 0; s < kStrip; ++s)
                x[s] = shared_pair(StoredSharedVec2Load(strip[r * kStrip + s] + offset + uint64_t(i * kInBytes)).at[0]);
              // A sum that takes one product after the other waits for each.
              [[unroll]] for (int p = 0; p < kPixels; ++p) {
                VEC terms = VEC(0.0);
                [[unroll]] for (int t = 0; t < kTaps; ++t) {
                  const vec2 value = x[p * kInStep + t * kTapInput + kFirstInput - kLeast];
                  const uint held = uint(r * kTaps + t) * kHeld + i;
                  const VEC term = value.x * w[held] + value.y * w[held + 1];
                  terms = t == 0 ? term : terms + term;
                }
                sum[p] += terms;
              }
            }
          const uint64_t pixel = out_row + uint(ox * kOutStep) * out_bytes;
          const uint step = kOutStep * out_bytes;
          [[unroll]] for (int p = 0; p < kPixels; ++p) {
            sum[p] += kFurther || kTurns && first > 0 ? load_lanes(true, pixel + p * step) : start;
            if (last) sum[p] = activated(sum[p], kActivation, kSlope);
          }
          if (kPixels == 2) {
            store_two_stored_lanes(true, pixel + store_bytes(true, kOutBytes), step, sum[0], sum[kPixels - 1], ox >= next_x, true);
          } else if (ox >= next_x) {
            store_stored_lanes(true, pixel + store_bytes(true, kOutBytes), sum[0]);
          }
        }
      }
    }
  }
}
