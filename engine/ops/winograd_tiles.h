// What Winograd's kernels share (shaders/conv/winograd.glsl): how pixels become tiles, and the weight's transforms.
#pragma once

#include <cstdint>
#include <string>

#include "ops/conv_geometry.h"
#include "plan/dispatch.h"
#include "plan/kernel.h"

namespace tuff {

// Tiles that a weight gradient's product takes together, for which there is room.
constexpr std::uint32_t kTilesTogether = 8;

// How the pixels of a convolution's output, in tiles, go through the workspace.
struct Tiles {
  std::uint32_t outputs = 0;            // 2 or 4: of a tile on each axis
  std::uint32_t rows = 0, columns = 0;  // of an image
  std::uint32_t all_rows = 0;           // of all images

  std::uint32_t positions() const { return (outputs + 2) * (outputs + 2); }
};

Tiles tiles_of(const ConvGeometry& geometry, std::uint32_t outputs);

// Above or to the left of the image. A transposed convolution is one of the mirrored kernel with what a full padding
// leaves.
std::int32_t winograd_padding(const ConvGeometry& geometry, int axis, bool transposed);

// For so many, and what fills them up.
std::uint32_t tile_room(std::uint32_t tiles);

// Of transformed inputs and of products or upstreams.
std::uint64_t tile_bytes(const ConvGeometry& geometry, const Tiles& tiles);

// Of the transformed weight, or of its gradient.
std::uint64_t matrix_bytes(const ConvGeometry& geometry, const Tiles& tiles);

// What transforms compute for each tile or kernel of a channel.
struct TransformFlops {
  double input, weight, output, upstream, gradient;
};
TransformFlops transform_flops(const Tiles& tiles);

// Channels that a lane takes, of those whose number the subgroup's size divides.
std::uint32_t each_of(std::uint32_t channels, const DeviceCaps& caps);

// That a subgroup's lanes take together.
std::uint32_t chunk_of(std::uint32_t channels, const DeviceCaps& caps);

// "NAME.4x4" or, of drivers with shared loads, "NAME.4x4_shared_2", where a lane takes 2 channels.
std::string winograd_shader(const char* name, const Tiles& tiles, std::uint32_t each, const DeviceCaps& caps);

// Transforms the weight, input 1, to workspace 0; `flip` and `block`: see the shader.
Dispatch winograd_weight_dispatch(const ConvGeometry& geometry, const Tiles& tiles, bool flip, std::uint32_t block,
                                  const DeviceCaps& caps);

// Adds the parts of a weight's gradient in workspace 0 and transforms them to output 0.
Dispatch winograd_gradient_output_dispatch(const ConvGeometry& geometry, const Tiles& tiles, std::uint32_t parts,
                                           const DeviceCaps& caps);

}  // namespace tuff
