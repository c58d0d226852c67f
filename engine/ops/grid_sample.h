// Sampling at given places: torch.nn.functional.grid_sample and affine_grid, for spatial transformers and for rotation,
// scaling, skew and elastic augmentation.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

enum class GridSampleMode : std::uint8_t {
  bilinear,  // linear along each axis
  nearest,   // halves round to even
  bicubic,   // a = -0.75; one and two spatial axes
};
enum class GridPadding : std::uint8_t { zeros, border, reflection };
std::string_view to_string(GridSampleMode mode);
std::string_view to_string(GridPadding padding);

struct GridSampleAttributes {
  GridSampleMode mode = GridSampleMode::bilinear;
  GridPadding padding_mode = GridPadding::zeros;
  bool align_corners = false;  // -1 and 1 are the outermost pixels' centers; otherwise their outer edges
  // Beyond torch's: the grid is (N, d, the result's spatial axes) and holds indices of pixels, fractions between their
  // centers. align_corners then only says where reflection mirrors.
  bool pixels = false;
  bool operator==(const GridSampleAttributes&) const = default;
};

// x: f32 (N, C, d = 1 to 3 spatial axes); grid: f32 (N, the result's spatial axes, d), the last axis holding (x), (x,
// y) or (x, y, z): x along the last axis of the image. Gives (N, C, the grid's extents). A NaN in the grid gives NaN,
// but with nearest it reads padding, and with border and reflection (nearest, bilinear) the first pixel of the axis.
// Gradients flow to both. That of x is exact and repeatable, without atomics: each pixel of x searches a tree of
// bounding boxes over the grid for the samples that read it. Smooth grids cost it a few dozen places a pixel; one whose
// neighbours point anywhere costs up to the whole grid for each pixel.
Value grid_sample(Value x, Value grid, const GridSampleAttributes& attributes = {});

// theta: f32 (N, d, d + 1), d = 1 to 3; `size`: (N, C, d spatial extents) of the image to sample. Gives the grid (N,
// extents, d) of the places that theta maps the image's pixels to.
Value affine_grid(Value theta, Shape size, bool align_corners = false);

std::vector<Kernel> grid_sample_kernels();
std::vector<Kernel> grid_sample_input_gradient_kernels();
std::vector<Kernel> grid_sample_grid_gradient_kernels();

}  // namespace tuff
