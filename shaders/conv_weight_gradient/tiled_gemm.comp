// The weight gradient of a convolution for GPUs as a matrix product (common/gemm_tile.glsl) whose left side is gathered from x
// while it is read into shared memory. One group of channels (no `groups`); C and O are multiples of 4.
// x (N, D, H, W, C), upstream (N, D, H, W, O), partial (parts, taps, C, O).
//
// Rows are taps x input channels, columns output channels; the sum runs over one part of the output pixels, kDepth at a time;
// sum_parts.comp adds the parts.
#version 460
#extension GL_GOOGLE_include_directive : require
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
#include "common/buffers.glsl"
#include "common/divide.glsl"
#include "common/grid.glsl"
#include "common/half.glsl"
#ifdef COOPERATIVE
#include "common/cooperative_tile.glsl"
#else
#include "common/gemm_tile.glsl"
#endif
#include "conv/geometry.glsl"

layout(constant_id = 9) const bool kAligned = false;  // tiles fit: rows, columns and terms need no check

#ifdef PER_ELEMENT
#define OUT FloatOut
#else
#define OUT Vec4Out
#endif
layout(push_constant) uniform Push {
  StoredVec4In x;
  StoredVec4In upstream;
  OUT partial;
  CONV_GEOMETRY
  uint pixels_per_part;
};

uint weight_rows, part_start;

uint place_of(uint row) {
  return kAligned || row < weight_rows ? part_start + row * (out_channels / 4) : kNowhere;
}

#ifdef PER_ELEMENT
void store_element(uint place, uint column, float value) {
  if (kAligned || column < out_channels) partial.at[place * 4 + column] = value;
}
#else
void store(uint place, uint quad, vec4 value) {
  if (kAligned || quad < out_channels / 4) partial.at[place + quad] = value;
}
#endif

// What an invocation brings of each step's operands: one pixel's terms of quads of rows and columns. Consecutive invocations
// take consecutive quads.
const uint kRowQuads = kRows / 4;
const uint kLeftLoads = (kDepth * kRowQuads + kInvocations - 1) / kInvocations;
const uint kRightLoads = (kDepth * kColumnStride + kInvocations - 1) / kInvocations;
// Whether all invocations bring the same number, so that none need be told apart.
const bool kLeftEven = kDepth * kRowQuads % kInvocations == 0, kRightEven = kDepth * kColumnStride % kInvocations == 0;
vec4 left_loaded[kLeftLoads], right_loaded[kRightLoads];
ivec3 tap_at[kLeftLoads];    // where the row's tap reads for output pixel 0
ivec4 pixel_at[kLeftLoads];  // output pixel (x, y, z, sample) of the next step
uint row_quad[kLeftLoads];   // channel / 4 of the row

void locate(uint first_row, uint first_pixel) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    const uint row = first_row + element % kRowQuads * 4;
    const uint at = divide(row, in_channels), line = divide(at, kernel_w), plane = divide(line, kernel_h);
    row_quad[i] = (row - at * in_channels) / 4;
    const ivec3 t = ivec3(at - line * kernel_w, line - plane * kernel_h, plane);
    tap_at[i] = t * ivec3(dilation_w, dilation_h, dilation_d) - ivec3(padding_w, padding_h, padding_d);
    // Rows beyond the last: a tap that reads nowhere.
    if (!kAligned && row >= weight_rows) tap_at[i] = ivec3(-0x40000000);
    const uint pixel = first_pixel + element / kRowQuads;
    const uint row_at = divide(pixel, out_w), plane_at = divide(row_at, out_h), image = divide(plane_at, out_d);
    pixel_at[i] = ivec4(pixel - row_at * out_w, row_at - plane_at * out_h, plane_at - image * out_d, image);
  }
}

// kDepth pixels on: whole samples, planes, rows and what is left. Found once, as GPUs take dozens of instructions to divide.
ivec4 stride_of_step() {
  const uint rows = kDepth / out_w, planes = rows / out_h;
  return ivec4(kDepth % out_w, rows % out_h, planes % out_d, planes / out_d);
}

void advance(inout ivec4 at, ivec4 by) {
  at += by;
  if (at.x >= int(out_w)) {
    at.x -= int(out_w);
    ++at.y;
  }
  if (at.y >= int(out_h)) {
    at.y -= int(out_h);
    ++at.z;
  }
  if (at.z >= int(out_d)) {
    at.z -= int(out_d);
    ++at.w;
  }
}

// Loads the pixels from `start` on and moves pixel_at behind them.
void fetch(uint start, uint last_pixel, uint first_quad, ivec4 by) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    const ivec3 at = pixel_at[i].xyz * ivec3(stride_w, stride_h, stride_d) + tap_at[i];
    left_loaded[i] = vec4(0.0);
    if ((kLeftEven || element < kDepth * kRowQuads) && (kAligned || start + element / kRowQuads < last_pixel) && at.x >= 0 && at.y >= 0 &&
        at.z >= 0 && at.x < int(in_w) && at.y < int(in_h) && at.z < int(in_d))
      left_loaded[i] = LOADED_VEC4(
          x.at[(((uint(pixel_at[i].w) * in_d + uint(at.z)) * in_h + uint(at.y)) * in_w + uint(at.x)) * (in_channels / 4) + row_quad[i]]);
    advance(pixel_at[i], by);
  }
  [[unroll]] for (uint i = 0; i < kRightLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    const uint pixel = start + element / kColumnStride, quad = first_quad + element % kColumnStride;
    right_loaded[i] = vec4(0.0);
    if ((kRightEven || element < kDepth * kColumnStride) && (kAligned || pixel < last_pixel && quad < out_channels / 4))
      right_loaded[i] = LOADED_VEC4(upstream.at[pixel * (out_channels / 4) + quad]);
  }
}

void keep(uint buffer_number) {
  [[unroll]] for (uint i = 0; i < kLeftLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    if (kLeftEven || element < kDepth * kRowQuads)
      put_left_rows(buffer_number, element / kRowQuads, element % kRowQuads, left_loaded[i]);
  }
  [[unroll]] for (uint i = 0; i < kRightLoads; ++i) {
    const uint element = gl_LocalInvocationID.x + i * kInvocations;
    if (kRightEven || element < kDepth * kColumnStride)
      put_right(buffer_number, element / kColumnStride, element % kColumnStride, right_loaded[i]);
  }
}

void main() {
  weight_rows = kernel_d * kernel_h * kernel_w * in_channels;
  const uint row_tiles = (weight_rows + kRows - 1) / kRows, column_tiles = (out_channels + kColumns - 1) / kColumns;
  const uint group = linear_group();
  const uint first_quad = group % column_tiles * kColumnStride;
  const uint first_row = group / column_tiles % row_tiles * kRows;
  const uint part = group / (column_tiles * row_tiles);
  const uint pixels = batch * out_d * out_h * out_w;
  const uint first_pixel = part * pixels_per_part, last_pixel = min(first_pixel + pixels_per_part, pixels);
  if (first_pixel >= pixels) return;  // groups beyond the last, where the grid was folded
  part_start = part * weight_rows * (out_channels / 4);

  locate(first_row, first_pixel);
  clear_sums();
  const ivec4 by = stride_of_step();
  fetch(first_pixel, last_pixel, first_quad, by);
  keep(0);
  uint buffer_number = 0;
  for (uint start = first_pixel; start < last_pixel; start += kDepth) {
    barrier();
    const bool more = start + kDepth < last_pixel;
    if (more) fetch(start + kDepth, last_pixel, first_quad, by);
    multiply(buffer_number);
    buffer_number = 1 - buffer_number;
    if (more) keep(buffer_number);
  }
  finish(first_row, first_quad);
}
