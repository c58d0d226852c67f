// What the convolution ops share: attributes, sizes, and the geometry that their kernels see.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/shape.h"
#include "ops/auto_pad.h"

namespace tuff {

// Applied to what a convolution stores. leaky_relu uses `slope`.
enum class Activation : std::uint8_t { none, relu, leaky_relu, sigmoid, tanh };

// What conv's padding holds: PyTorch's padding_mode.
enum class PaddingMode : std::uint8_t { zeros, reflect, replicate, circular };
std::string_view to_string(PaddingMode mode);

// PyTorch's names and defaults. One value per spatial axis, one for all, or none for the default.
struct ConvAttributes {
  std::vector<std::int64_t> stride;          // 1
  std::vector<std::int64_t> padding;         // 0; on both sides, or before where padding_end is given
  std::vector<std::int64_t> padding_end;     // after; empty: as before
  std::vector<std::int64_t> dilation;        // 1
  std::vector<std::int64_t> output_padding;  // 0; conv_transpose only: further extent at the far side
  std::vector<std::int64_t> output_size;     // conv_transpose only: spatial extents, instead of output_padding
  std::int64_t groups = 1;
  AutoPad auto_pad = AutoPad::none;
  PaddingMode padding_mode = PaddingMode::zeros;  // conv only
  bool flip_kernel = false;  // true convolution, whose kernel is mirrored on every axis, instead of cross-correlation
  Activation activation = Activation::none;  // set by fuse_epilogue
  float slope = 0;

  bool operator==(const ConvAttributes&) const = default;
};

std::string to_string(const ConvAttributes& attributes);

// The attributes with one value per axis; Error where one has a wrong count or is out of range.
ConvAttributes complete(std::string_view op, const ConvAttributes& attributes, int axes);

// The same for these shapes, with auto_pad and output_size turned into padding, padding_end and output_padding. What
// remains is what ops hold and kernels see: padding_mode and flip_kernel are cleared, conv() takes care of them.
ConvAttributes resolve(std::string_view op, const ConvAttributes& attributes, const Shape& x, const Shape& weight);

// floor((in + padding + padding_end - dilation (kernel - 1) - 1) / stride) + 1 per axis; Error naming op and shapes
// below 1.
std::vector<std::int64_t> conv_output_size(std::string_view op, const Shape& x, const Shape& weight,
                                           const ConvAttributes& complete);

// (in - 1) stride - padding - padding_end + dilation (kernel - 1) + 1 + output_padding per axis; Error below 1.
std::vector<std::int64_t> conv_transpose_output_size(const Shape& x, const Shape& weight,
                                                     const ConvAttributes& complete);

// Depth, height, width; the leading ones are 1 below rank 3.
using Extents3 = std::array<std::uint32_t, 3>;

// The gather that every kernel runs: output pixel o reads input pixel o * stride - padding + k * dilation, or, where
// transposed, (o + padding - k * dilation) / stride where that is whole.
struct ConvGeometry {
  std::uint32_t batch = 1, in_channels = 1, out_channels = 1, groups = 1;
  Extents3 in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};

  std::uint64_t in_pixels() const { return std::uint64_t{in[0]} * in[1] * in[2]; }
  std::uint64_t out_pixels() const { return std::uint64_t{out[0]} * out[1] * out[2]; }
  std::uint32_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  std::uint64_t weights() const { return std::uint64_t{taps()} * (in_channels / groups) * out_channels; }
};

// `kernel` is the weight's shape; only its spatial axes are used.
ConvGeometry conv_geometry(const Shape& x, const Shape& y, const Shape& kernel, const ConvAttributes& complete);

// in, out, kernel, stride, padding, dilation, in_channels, out_channels, groups, batch: 22 words.
std::vector<std::uint32_t> push_constants(const ConvGeometry& geometry);

}  // namespace tuff
