// Trades channels for resolution and back, as super-resolution networks do: torch.nn.functional.pixel_shuffle and
// pixel_unshuffle, and the same over one and three spatial axes. Each is the other's inverse and gradient.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// x: f32 (N, C * r^d, d = 1 to 3 spatial axes), r = upscale_factor; gives (N, C, every spatial extent times r). Channel
// c * r^d + s becomes pixel s, in row-major order, of channel c's blocks of r^d pixels.
Value pixel_shuffle(Value x, std::int64_t upscale_factor);

// x: f32 (N, C, d = 1 to 3 spatial axes), the extents multiples of r = downscale_factor; gives (N, C * r^d, every
// spatial extent divided by r).
Value pixel_unshuffle(Value x, std::int64_t downscale_factor);

// Which of a channel's two parts ONNX's DepthToSpace takes for the pixel: the outer one (depth, column, row) or the
// inner one (column, row, depth), as pixel_shuffle does.
enum class DepthMode : std::uint8_t { dcr, crd };

// ONNX's DepthToSpace and SpaceToDepth over 1 to 3 spatial axes; shapes as in pixel_shuffle and pixel_unshuffle, of
// which mode crd is another name. Mode dcr keeps the channels of a pixel together and takes i32 too.
Value depth_to_space(Value x, std::int64_t blocksize, DepthMode mode = DepthMode::dcr);
Value space_to_depth(Value x, std::int64_t blocksize, DepthMode mode = DepthMode::dcr);

std::vector<Kernel> pixel_shuffle_kernels();
std::vector<Kernel> pixel_unshuffle_kernels();

}  // namespace tuff
