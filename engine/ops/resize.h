// Changes the extents of a tensor by interpolation: torch.nn.functional.interpolate with all its modes, and what ONNX's
// Resize has beyond.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

enum class ResizeMode : std::uint8_t {
  nearest,
  bilinear,  // linear along each axis: torch's linear, bilinear and trilinear by rank
  cubic,     // Keys' cubic convolution along each axis: torch's bicubic
  area,      // means of the pixels that a target covers: adaptive_avg_pool
};
std::string_view to_string(ResizeMode mode);

// Where in the source a target's center lies; s is the scale, in and out are extents.
enum class ResizeCoordinates : std::uint8_t {
  pytorch,               // nearest: o in / out; others: (o + 0.5) / s - 0.5, or as align_corners says
  half_pixel,            // (o + 0.5) / s - 0.5
  tf_half_pixel,         // (o + 0.5) / s
  pytorch_half_pixel,    // half_pixel, but 0 where out is 1
  align_corners,         // o (in - 1) / (in s - 1); with a size, in s is out
  asymmetric,            // o / s
  half_pixel_symmetric,  // half_pixel, shifted so that the centers of source and result coincide
  crop_and_resize,       // from roi's start to its end; extrapolation_value beyond the source
};

// The pixel that mode nearest takes between two.
enum class NearestMode : std::uint8_t { floor, ceil, round_prefer_floor, round_prefer_ceil };

struct ResizeAttributes {
  std::vector<std::int64_t> size = {};  // extents of the output, and/or
  std::vector<double> scale = {};       // output = floor(input * scale), which also sets the sampling step, as in torch
  ResizeMode mode = ResizeMode::nearest;
  bool align_corners =
      false;  // bilinear and cubic: corner pixels' centers coincide; otherwise corners of corner pixels do
  // What follows is ONNX's, but antialias, which widens the filter where the result is smaller (bilinear and cubic).
  // torch's "nearest-exact" is half_pixel with round_prefer_ceil.
  ResizeCoordinates coordinates = ResizeCoordinates::pytorch;
  NearestMode nearest_mode = NearestMode::floor;
  bool antialias = false;
  bool exclude_outside = false;  // weights of pixels beyond the edge are shared among the others; else the edge is
                                 // repeated. Always so for antialias with coordinates pytorch
  std::optional<double> cubic_coeff_a = {};  // -0.75; -0.5 for antialias with coordinates pytorch, as in torch
  std::vector<double> roi =
      {};  // crop_and_resize: the start on each axis, then the end, 0 the first and 1 the last center
  double extrapolation_value = 0;  // crop_and_resize
  std::vector<int> axes =
      {};  // those that change, of any tensor; empty: the spatial ones of (N, C, 1 to 3 spatial axes)
  bool operator==(const ResizeAttributes&) const = default;
};

// x: f32. A size or a scale is given, one value per axis that changes or one for all; or both, where the size is
// rounded to the nearest instead of down.
// Nearest and bilinear with torch's coordinates have a kernel of their own; all else runs axis by axis (resample).
Value resize(Value x, const ResizeAttributes& attributes);

std::vector<Kernel> resize_kernels();
std::vector<Kernel> resize_gradient_kernels();

}  // namespace tuff
