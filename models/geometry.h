// What chains of layers do to one spatial axis: how many pixels come out, which input pixels an output pixel sees, and
// which shifts commute with them. A network lists its layers once, along the path that sees farthest, and that is all
// that tiling and the refusal of extents that don't fit need.
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
  std::int64_t padding = 0;         // on both sides; of a transposed convolution what it takes off the result
  std::int64_t dilation = 1;        // window only
  std::int64_t output_padding = 0;  // transposed: further pixels at the end
  bool whole = false;               // window: refuses extents that the stride doesn't divide

  // Without padding, or with as much as keeps the extent (kernels are odd).
  static AxisLayer convolution(std::int64_t kernel, bool padded, std::int64_t dilation = 1);
  // `factor` pixels to one, of an extent that it divides: pooling, or a convolution of that stride whose (odd) kernel
  // is padded so that it keeps the extent but for the stride.
  static AxisLayer reduction(std::int64_t factor);
  static AxisLayer strided_convolution(std::int64_t kernel, std::int64_t factor);
  // One pixel to `factor`, by a transposed convolution of that stride, as Layers::transposed_convolution() has it.
  static AxisLayer expansion(std::int64_t factor, std::int64_t kernel);
  static AxisLayer expansion(std::int64_t factor) { return expansion(factor, factor); }
  static AxisLayer nearest(std::int64_t factor) { return {.kind = Kind::repeat, .stride = factor}; }
  // So many pixels off both sides.
  static AxisLayer crop(std::int64_t margin) { return {.padding = -margin}; }
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

// The nearest extents below (0: none) and above that `output` maps to more than 0.
std::pair<std::int64_t, std::int64_t> nearest_extents(const std::function<std::int64_t(std::int64_t)>& output,
                                                      std::int64_t input);

// A network along one axis. Its output pixel o stands for input pixels o * step() + margin() and on, `step` being the
// strides that lead down over those that lead up: 1 for most, 1/2 for one that doubles the resolution.
class AxisGeometry {
 public:
  AxisGeometry(std::vector<AxisLayer> layers) : AxisGeometry(std::vector<std::vector<AxisLayer>>{std::move(layers)}) {}
  // Paths side by side, whose outputs are joined: extents fit where they fit all of them.
  explicit AxisGeometry(std::vector<std::vector<AxisLayer>> paths);

  // The first path's.
  const std::vector<AxisLayer>& layers() const { return paths_.front(); }

  // 0 where the layers can't take this extent.
  std::int64_t output_size(std::int64_t input) const;
  // The nearest extents below (0: none) and above that they can take.
  std::pair<std::int64_t, std::int64_t> nearest_sizes(std::int64_t input) const;
  // Inputs shifted by multiples of it give outputs shifted by a whole number of pixels, and what is in them alike.
  std::int64_t alignment() const;
  // Input pixels at each side that the output lacks; 0 for padded networks.
  std::int64_t margin() const;
  // Farthest distance between an input pixel that an output pixel stands for and one that it sees.
  std::int64_t receptive_radius() const;
  // Output pixels for one of the input; 1 for those that have fewer, too.
  std::int64_t scale() const { return up_; }

 private:
  std::vector<std::vector<AxisLayer>> paths_;
  std::int64_t down_ = 1, up_ = 1;  // the step, reduced
};

}  // namespace tuff
