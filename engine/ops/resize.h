// Changes the spatial size of (N, C, spatial...): torch.nn.functional.interpolate without antialiasing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

enum class ResizeMode : std::uint8_t {
  nearest,   // source = floor(target * input / output)
  bilinear,  // linear along each spatial axis: torch's linear, bilinear and trilinear by rank
};
std::string_view to_string(ResizeMode mode);

struct ResizeAttributes {
  std::vector<std::int64_t> size = {};  // spatial size of the output; or
  std::vector<double> scale = {};       // output = floor(input * scale), which also sets the sampling step, as in torch
  ResizeMode mode = ResizeMode::nearest;
  bool align_corners = false;  // bilinear only: corner pixels' centers coincide; otherwise corners of corner pixels do
  bool operator==(const ResizeAttributes&) const = default;
};

// x: f32 (N, C, 1 to 3 spatial axes). Exactly one of size and scale is given, one value per spatial axis or one for
// all.
Value resize(Value x, const ResizeAttributes& attributes);

std::vector<Kernel> resize_kernels();
std::vector<Kernel> resize_gradient_kernels();

}  // namespace tuff
