// Convolution and transposed convolution for GPUs as a matrix product (common/gemm_tile.glsl) whose left side is gathered from
// x while it is read into shared memory. One group of channels (no `groups`); C and O are multiples of 4.
// x (N, D, H, W, C), weight (taps, C, O), y (N, D, H, W, O), bias (O); with PARTIAL partial (parts, N, D, H, W, O).
//
// Rows are output pixels, columns output channels; the sum runs over taps, and for each over kDepth input channels at a time.
// With PARTIAL parts of the sum go to workgroups of their own; add_parts.comp adds them. A part may be without terms.
//
// Where transposed with a stride, outputs of one residue class modulo the stride along each axis read the same taps and
// neighbouring inputs: a workgroup's rows are of one class, so no tap is multiplied by a structural zero.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#ifdef COOPERATIVE
#define LEFT_TERMS
#include "common/cooperative_tile.glsl"
#else
#include "common/gemm_tile.glsl"
#endif
#include "conv/activation.glsl"
#include "conv/geometry.glsl"

layout(constant_id = 9) const bool kAligned = false;  // tiles fit: rows, channels and terms need no check
layout(constant_id = 13) const bool kTransposed = false;
layout(constant_id = 14) const bool kBias = false;
layout(constant_id = 15) const uint kActivation = 0;
layout(constant_id = 16) const float kSlope = 0;

#if defined(PARTIAL) && defined(PER_ELEMENT)
#define OUT FloatOut
#define OUT_VALUE(v) v
#elif defined(PARTIAL)
#define OUT Vec4Out
#define OUT_VALUE(v) v
#elif defined(PER_ELEMENT)
#define OUT StoredOut
#define OUT_VALUE(v) STORED(v)
#else
#define OUT StoredVec4Out
#define OUT_VALUE(v) STORED_VEC4(v)
#endif
layout(push_constant) uniform Push {
  StoredVec4In x;
  Vec4In weight;
  Vec4In bias;
  OUT y;
  CONV_GEOMETRY
  uint parts;
  uint steps_per_part;  // a step: kDepth channels of one tap
};

// The gather along one axis: output residue + j * out_step reads, for its tap t, weight first_tap + t * tap_step and input
// j * in_step + first_input + t * tap_input.
struct Axis {
  int outputs, out_step, residue, in_step;
  int taps, first_tap, tap_step, first_input, tap_input;
};

Axis axis_of(uint extent, uint kernel, int stride, int padding, int dilation, int residue) {
  if (!kTransposed) return Axis(int(extent), 1, 0, stride, int(kernel), 0, 1, -padding, dilation);
  Axis axis = Axis((int(extent) - residue + stride - 1) / stride, stride, residue, 1, 0, 0, 0, 0, 0);
  for (int k = 0; k < int(kernel); ++k) {
    const int t = residue + padding - k * dilation, i = t >= 0 ? t / stride : -(-t / stride);
    if (i * stride != t) continue;
    if (axis.taps == 0) {
      axis.first_tap = k;
      axis.first_input = i;
    }
    if (axis.taps == 1) {
      axis.tap_step = k - axis.first_tap;
      axis.tap_input = i - axis.first_input;
    }
    ++axis.taps;
  }
  return axis;
}

Axis along_d, along_h, along_w;
uint rows, part_start;  // pixels of the class; where this part of y begins, in vec4

// (x, y, z) among the class's outputs and the sample.
uvec4 pixel_of(uint row) {
  const uint line = divide(row, uint(along_w.outputs));
  const uint plane = divide(line, uint(along_h.outputs)), n = divide(plane, uint(along_d.outputs));
  return uvec4(row - line * uint(along_w.outputs), line - plane * uint(along_h.outputs), plane - n * uint(along_d.outputs), n);
}

uint place_of(uint row) {
  if (!kAligned && row >= rows) return kNowhere;
  uint pixel = row;
  if (kTransposed) {
    const uvec4 at = pixel_of(row);
    const uint ox = at.x, oy = at.y, oz = at.z, n = at.w;
    pixel = ((n * out_d + oz * along_d.out_step + along_d.residue) * out_h + oy * along_h.out_step + along_h.residue) * out_w +
            ox * along_w.out_step + along_w.residue;
  }
  return part_start + pixel * (out_channels / 4);
}

#ifdef PER_ELEMENT
void store_element(uint place, uint column, float value) {
  if (!kAligned && column >= out_channels) return;
#ifndef PARTIAL
  if (kBias) value += bias.at[column / 4][column % 4];
  value = activate(value, kActivation, kSlope);
#endif
  y.at[place * 4 + column] = OUT_VALUE(value);
}
#else
void store(uint place, uint quad, vec4 value) {
  if (!kAligned && quad >= out_channels / 4) return;
#ifndef PARTIAL
  if (kBias) value += bias.at[quad];
  value = activated(value, kActivation, kSlope);
#endif
  y.at[place + quad] = OUT_VALUE(value);
}
#endif

// What an invocation brings of each step's operands: quads of a row's terms on the left, of a term's columns on the right.
const uint kQuads = kDepth / 4;
const uint kLeftLoads = (kRows * kQuads + kInvocations - 1) / kInvocations;
const uint kRightLoads = (kDepth * kColumnStride + kInvocations - 1) / kInvocations;
// Whether all invocations bring the same number, so that none need be told apart.
const bool kLeftEven = kRows * kQuads % kInvocations == 0, kRightEven = kDepth * kColumnStride % kInvocations == 0;
vec4 left_loaded[kLeftLoads], right_loaded[kRightLoads];
ivec3 left_at[kLeftLoads];   // input coordinates of the row's pixel under tap 0
int left_place[kLeftLoads];  // and where they lie in x, in vec4; may lie before x

void locate_rows(uint first_row) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint row = first_row + (gl_LocalInvocationID.x + i * kInvocations) / kQuads;
    const ivec4 o = ivec4(pixel_of(row));
    const ivec3 at = o.xyz * ivec3(along_w.in_step, along_h.in_step, along_d.in_step) +
                     ivec3(along_w.first_input, along_h.first_input, along_d.first_input);
    // Beyond the last row: coordinates that no tap brings inside.
    left_at[i] = kAligned || row < rows ? at : ivec3(-0x40000000);
    left_place[i] = (((o.w * int(in_d) + at.z) * int(in_h) + at.y) * int(in_w) + at.x) * int(in_channels / 4);
  }
}

// The next step: channels from `channel` on under tap `tap` (x, y, z of the class's taps).
uint channel;
ivec3 tap;

void go_to(uint step, uint steps_per_tap) {
  channel = step % steps_per_tap * kDepth;
  const uint at = step / steps_per_tap;
  tap = ivec3(at % uint(along_w.taps), at / uint(along_w.taps) % uint(along_h.taps), at / uint(along_w.taps * along_h.taps));
}

// No division, which GPUs take dozens of instructions for.
void advance() {
  channel += kDepth;
  if (channel < in_channels) return;
  channel = 0;
  if (++tap.x < along_w.taps) return;
  tap.x = 0;
  if (++tap.y < along_h.taps) return;
  tap.y = 0;
  ++tap.z;
}

// Loads the next step's operands and moves on.
void fetch(uint first_quad) {
  const ivec3 moved = tap * ivec3(along_w.tap_input, along_h.tap_input, along_d.tap_input);
  const int moved_place = ((moved.z * int(in_h) + moved.y) * int(in_w) + moved.x) * int(in_channels / 4) + int(channel / 4);
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations, quad = element % kQuads;
    const ivec3 at = left_at[i] + moved;
    left_loaded[i] = vec4(0.0);
    if ((kLeftEven || element < kRows * kQuads) && (kAligned || channel / 4 + quad < in_channels / 4) && at.x >= 0 && at.y >= 0 &&
        at.z >= 0 && at.x < int(in_w) && at.y < int(in_h) && at.z < int(in_d))
      left_loaded[i] = LOADED_VEC4(x.at[left_place[i] + moved_place + int(quad)]);
  }
  const ivec3 k = ivec3(along_w.first_tap, along_h.first_tap, along_d.first_tap) +
                  tap * ivec3(along_w.tap_step, along_h.tap_step, along_d.tap_step);
  const uint weight_row = uint((k.z * int(kernel_h) + k.y) * int(kernel_w) + k.x) * in_channels + channel;
  [[unroll]] for (uint i = 0; i < kRightLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    const uint term = element / kColumnStride, quad = first_quad + element % kColumnStride;
    right_loaded[i] = vec4(0.0);
    if ((kRightEven || term < kDepth) && (kAligned || channel + term < in_channels && quad < out_channels / 4))
      right_loaded[i] = weight.at[(weight_row + term) * (out_channels / 4) + quad];
  }
  advance();
}

void keep(uint buffer_number) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    if (kLeftEven || element < kRows * kQuads)
      put_left_terms(buffer_number, element % kQuads * 4, element / kQuads, left_loaded[i]);
  }
  [[unroll]] for (uint i = 0; i < kRightLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    if (kRightEven || element < kDepth * kColumnStride)
      put_right(buffer_number, element / kColumnStride, element % kColumnStride, right_loaded[i]);
  }
}

void main() {
  // Groups go by tiles of columns, of rows, by parts and classes; each class has as many as the largest, that of residue 0.
  const uvec3 classes = kTransposed ? min(uvec3(stride_w, stride_h, stride_d), uvec3(out_w, out_h, out_d)) : uvec3(1);
  const uvec3 most = (uvec3(out_w, out_h, out_d) + (kTransposed ? uvec3(stride_w, stride_h, stride_d) : uvec3(1)) - 1) /
                     (kTransposed ? uvec3(stride_w, stride_h, stride_d) : uvec3(1));
  const uint column_tiles = (out_channels + kColumns - 1) / kColumns;
  const uint row_tiles = (batch * most.x * most.y * most.z + kRows - 1) / kRows;
  const uint group = linear_group();
  const uint first_quad = group % column_tiles * kColumnStride;
  const uint first_row = group / column_tiles % row_tiles * kRows;
  const uint part = group / (column_tiles * row_tiles) % parts;
  const uint residue_class = group / (column_tiles * row_tiles) / parts;
  if (residue_class >= classes.x * classes.y * classes.z) return;  // beyond the last, where the grid was folded

  along_w = axis_of(out_w, kernel_w, stride_w, padding_w, dilation_w, int(residue_class % classes.x));
  along_h = axis_of(out_h, kernel_h, stride_h, padding_h, dilation_h, int(residue_class / classes.x % classes.y));
  along_d = axis_of(out_d, kernel_d, stride_d, padding_d, dilation_d, int(residue_class / (classes.x * classes.y)));
  rows = batch * uint(along_d.outputs * along_h.outputs * along_w.outputs);
  if (first_row >= rows) return;

  const uint steps_per_tap = (in_channels + kDepth - 1) / kDepth;
  const uint steps = uint(along_d.taps * along_h.taps * along_w.taps) * steps_per_tap;
  const uint first_step = min(part * steps_per_part, steps), last_step = min(first_step + steps_per_part, steps);
#ifdef PARTIAL
  part_start = part * batch * out_d * out_h * out_w * (out_channels / 4);
#else
  part_start = 0;
#endif

  locate_rows(first_row);
  clear_sums();
  if (first_step < last_step) {
    go_to(first_step, steps_per_tap);
    fetch(first_quad);
    keep(0);
  }
  for (uint step = first_step; step < last_step; ++step) {
    const uint buffer_number = (step - first_step) % 2;
    barrier();
    if (step + 1 < last_step) fetch(first_quad);
    multiply(buffer_number);
    if (step + 1 < last_step) keep(1 - buffer_number);
  }
  finish(first_row, first_quad);
}
