// What a chain of layers does to one spatial axis: how many pixels come out, which input pixels an output pixel sees,
// and which shifts commute with the chain. Networks list their layers once, along the path that sees farthest, and get
// from it what tiling needs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace tuff {

struct AxisLayer {
  enum class Kind : std::uint8_t {
    window,      // convolution or pooling
    transposed,  // transposed convolution
    repeat,      // each pixel `stride` times: nearest interpolation, pixel shuffle, unpooling
    linear,      // linear interpolation to `stride` times the extent, torch's without align_corners
  };
  Kind kind = Kind::window;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;   // on both sides
  std::int64_t dilation = 1;  // window only
  bool whole = false;         // window: refuses extents that leave pixels over

  // Without padding, or with as much as keeps the extent (kernels are odd).
  static AxisLayer convolution(std::int64_t kernel, bool padded, std::int64_t dilation = 1);
  // `factor` pixels to one, of an extent that it divides.
  static AxisLayer reduction(std::int64_t factor);
  // One pixel to `factor`, by a transposed convolution of that kernel and stride.
  static AxisLayer expansion(std::int64_t factor);
};

using AxisLayers = std::span<const AxisLayer>;

// The output's extent; 0 where the layers can't take this one.
std::int64_t output_extent(AxisLayers layers, std::int64_t input);

// The input pixels that output pixels first to last see, both inclusive; may reach into the padding.
struct AxisField {
  std::int64_t first = 0, last = 0;
  bool operator==(const AxisField&) const = default;
};
AxisField field_of_view(AxisLayers layers, std::int64_t first, std::int64_t last);

// Inputs shifted by multiples of it give outputs shifted by a whole number of pixels, and what is in them alike.
std::int64_t alignment_of(AxisLayers layers);

// Farthest distance between output pixel o and an input pixel that it sees, where o lies at input pixel o + margin. For
// layers that give as many pixels as they take, but for `margin` at each side.
std::int64_t receptive_radius(AxisLayers layers, std::int64_t margin = 0);

// The nearest extents below (0: none) and above that `output` maps to more than 0.
std::pair<std::int64_t, std::int64_t> nearest_extents(const std::function<std::int64_t(std::int64_t)>& output,
                                                      std::int64_t input);

}  // namespace tuff
