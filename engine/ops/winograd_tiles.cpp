#include "ops/winograd_tiles.h"

#include <fmt/format.h>

#include "ops/spatial.h"

namespace tuff {

Tiles tiles_of(const ConvGeometry& geometry, std::uint32_t outputs) {
  Tiles tiles;
  tiles.outputs = outputs;
  tiles.rows = (geometry.out[1] + outputs - 1) / outputs;
  tiles.columns = (geometry.out[2] + outputs - 1) / outputs;
  tiles.all_rows = geometry.batch * geometry.out[0] * tiles.rows;
  return tiles;
}

std::int32_t winograd_padding(const ConvGeometry& geometry, int axis, bool transposed) {
  const auto given = static_cast<std::int32_t>(geometry.padding[axis]);
  return transposed ? 2 - given : given;
}

// An odd number of fours: below 256 channels the positions, which might else lie multiples of 4 KiB apart, don't meet
// in few sets of a cache.
std::uint32_t tile_room(std::uint32_t tiles) {
  return (tiles + kTilesTogether - 1) / kTilesTogether * kTilesTogether + 4;
}

std::uint64_t tile_bytes(const ConvGeometry& geometry, const Tiles& tiles) {
  return std::uint64_t{tiles.positions()} * (std::uint64_t{geometry.in_channels} + geometry.out_channels) *
         sizeof(float);
}

std::uint64_t matrix_bytes(const ConvGeometry& geometry, const Tiles& tiles) {
  return std::uint64_t{tiles.positions()} * geometry.in_channels * geometry.out_channels * sizeof(float);
}

TransformFlops transform_flops(const Tiles& tiles) {
  if (tiles.outputs == 2) return {24, 35, 24, 18, 42};
  return {220, 117, 160, 140, 162};
}

std::uint32_t each_of(std::uint32_t channels, const DeviceCaps& caps) {
  return lane_channels(channels, caps).each;
}

std::uint32_t chunk_of(std::uint32_t channels, const DeviceCaps& caps) {
  return each_of(channels, caps) * caps.subgroup_size;
}

std::string winograd_shader(const char* name, const Tiles& tiles, std::uint32_t each, const DeviceCaps& caps) {
  return fmt::format("{0}.{1}x{1}{2}", name, tiles.outputs, caps.shared_loads ? fmt::format("_shared_{}", each) : "");
}

Dispatch winograd_weight_dispatch(const ConvGeometry& geometry, const Tiles& tiles, bool flip, std::uint32_t block,
                                  const DeviceCaps& caps) {
  const std::uint32_t chunk = chunk_of(geometry.out_channels, caps);
  const double elements = static_cast<double>(geometry.in_channels) * geometry.out_channels;
  Dispatch dispatch;
  dispatch.shader = winograd_shader("conv/winograd_weight", tiles, each_of(geometry.out_channels, caps), caps);
  dispatch.specialization = {caps.subgroup_size, 1, 1, flip};
  dispatch.constants = {geometry.in_channels, geometry.out_channels, block};
  dispatch.buffers = {reads_input(1), writes_workspace(0)};
  dispatch.groups = folded_groups(std::uint64_t{geometry.in_channels} * (geometry.out_channels / chunk), caps);
  dispatch.linear = true;
  dispatch.flops = transform_flops(tiles).weight * elements;
  dispatch.bytes = 4.0 * (9 + tiles.positions()) * elements;
  return dispatch;
}

Dispatch winograd_gradient_output_dispatch(const ConvGeometry& geometry, const Tiles& tiles, std::uint32_t parts,
                                           const DeviceCaps& caps) {
  const std::uint32_t chunk = chunk_of(geometry.out_channels, caps);
  const double elements = static_cast<double>(geometry.in_channels) * geometry.out_channels;
  Dispatch dispatch;
  dispatch.shader =
      winograd_shader("conv_weight_gradient/winograd_output", tiles, each_of(geometry.out_channels, caps), caps);
  dispatch.specialization = {caps.subgroup_size, 1, 1, geometry.in_channels, geometry.out_channels, parts};
  dispatch.buffers = {reads_workspace(0), writes_output(0)};
  dispatch.groups = folded_groups(std::uint64_t{geometry.in_channels} * (geometry.out_channels / chunk), caps);
  dispatch.linear = true;
  dispatch.flops = (tiles.positions() * parts + transform_flops(tiles).gradient) * elements;
  dispatch.bytes = 4.0 * (tiles.positions() * parts + 9) * elements;
  return dispatch;
}

}  // namespace tuff
