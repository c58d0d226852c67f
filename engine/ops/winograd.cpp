#include "ops/winograd.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/normalize_kernels.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

// The gradient's product takes so many tiles together, for which a chunk has room.
constexpr std::uint32_t kTogether = 8;
// Transformed inputs and products of a chunk. 8 MiB: 1.04 to 1.09 times the time of a U-Net's step.
constexpr std::uint64_t kChunkBytes = 12 << 20;
// A chunk is one row of tiles at least; of longer ones 32 bits might not hold the offsets.
constexpr std::uint64_t kMostRowBytes = 16 * kChunkBytes;
// Pairs of weights that a product holds on the stack. 64 channels by 2: 60 GFLOP/s on Mesa 25; by 4: 35.
constexpr std::uint32_t kMostHeld = 128;
// With fewer channels the transforms cost what the products save; not in the weight gradient, of tiles of 4x4.
constexpr std::uint32_t kLeastChannels = 32, kLeastGradientChannels = 16;
// With fewer tiles the weight's transform does.
constexpr std::uint32_t kLeastTiles = 32;
// Of transformed weights, and of their gradient in each part: 32 bits hold their offsets, and memory them.
constexpr std::uint64_t kMostMatrixBytes = 256 << 20;

// Of a transformed tile.
std::uint32_t positions_of(std::uint32_t outputs) {
  return (outputs + 2) * (outputs + 2);
}

// How the pixels of a convolution's output, in tiles, go through the workspace.
struct Tiles {
  std::uint32_t outputs = 0;            // 2 or 4: of a tile on each axis
  std::uint32_t rows = 0, columns = 0;  // of an image
  std::uint32_t all_rows = 0;           // of all images
  std::uint32_t chunk_rows = 0;         // at a time
  std::uint32_t room = 0;               // tiles of a chunk, and what fills them up

  std::uint32_t positions() const { return positions_of(outputs); }
  std::uint32_t chunks() const { return (all_rows + chunk_rows - 1) / chunk_rows; }
  std::uint64_t bytes(std::uint32_t channels) const {
    return std::uint64_t{positions()} * room * channels * sizeof(float);
  }
};

// What transforms compute for each tile or kernel of a channel.
struct TransformFlops {
  double input, weight, output, upstream, gradient;
};

TransformFlops transform_flops(const Tiles& tiles) {
  if (tiles.outputs == 2) return {24, 35, 24, 18, 42};
  return {220, 117, 160, 140, 162};
}

std::string transform_shader(const char* name, const Tiles& tiles) {
  return fmt::format("{0}.{1}x{1}", name, tiles.outputs);
}

std::uint32_t tiles_across(std::uint32_t extent, std::uint32_t outputs) {
  return (extent + outputs - 1) / outputs;
}

std::uint64_t tile_count(const ConvGeometry& geometry, std::uint32_t outputs) {
  return std::uint64_t{geometry.batch} * geometry.out[0] * tiles_across(geometry.out[1], outputs) *
         tiles_across(geometry.out[2], outputs);
}

// Of transformed inputs and products.
std::uint64_t tile_row_bytes(const ConvGeometry& geometry, std::uint32_t outputs) {
  return std::uint64_t{positions_of(outputs)} * tiles_across(geometry.out[2], outputs) *
         (std::uint64_t{geometry.in_channels} + geometry.out_channels) * sizeof(float);
}

Tiles tiles_of(const ConvGeometry& geometry, std::uint32_t outputs) {
  Tiles tiles;
  tiles.outputs = outputs;
  tiles.rows = tiles_across(geometry.out[1], outputs);
  tiles.columns = tiles_across(geometry.out[2], outputs);
  tiles.all_rows = geometry.batch * geometry.out[0] * tiles.rows;
  const std::uint64_t row_bytes = tile_row_bytes(geometry, outputs);
  tiles.chunk_rows = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(kChunkBytes / row_bytes, 1, tiles.all_rows));
  // Chunks of about the same size.
  tiles.chunk_rows = (tiles.all_rows + tiles.chunks() - 1) / tiles.chunks();
  tiles.room = (tiles.chunk_rows * tiles.columns + kTogether - 1) / kTogether * kTogether;
  // An odd number of fours: below 256 channels the positions, which might else lie multiples of 4 KiB apart, don't
  // meet in few sets of a cache.
  tiles.room += 4;
  return tiles;
}

// Of the transformed weight, or of its gradient.
std::uint64_t matrix_bytes(const ConvGeometry& geometry, const Tiles& tiles) {
  return std::uint64_t{tiles.positions()} * geometry.in_channels * geometry.out_channels * sizeof(float);
}

// ---- forward and data gradient ------------------------------------------------------------------

Dispatch weight_dispatch(const ConvGeometry& geometry, const Tiles& tiles, bool flip, const DeviceCaps& caps) {
  const std::uint32_t lanes = caps.subgroup_size;
  const double elements = static_cast<double>(geometry.in_channels) * geometry.out_channels;
  Dispatch dispatch;
  dispatch.shader = transform_shader("conv/winograd_weight", tiles);
  dispatch.specialization = {lanes, 1, 1, flip};
  dispatch.constants = {geometry.in_channels, geometry.out_channels};
  dispatch.buffers = {reads_input(1), writes_workspace(0)};
  dispatch.groups = folded_groups(std::uint64_t{geometry.in_channels} * (geometry.out_channels / (2 * lanes)), caps);
  dispatch.linear = true;
  dispatch.flops = transform_flops(tiles).weight * elements;
  dispatch.bytes = 4.0 * (9 + tiles.positions()) * elements;
  return dispatch;
}

// Adds input channels `first` to `first + held` to the products, or sets them where these are the first.
Dispatch product_dispatch(const ConvGeometry& geometry, const Tiles& tiles, std::uint32_t rows, std::uint32_t first,
                          std::uint32_t held, const DeviceCaps& caps) {
  const std::uint32_t chunk = 2 * caps.subgroup_size;
  std::uint32_t across = std::max(1u, std::min(4u, kMostHeld / held));
  while (geometry.out_channels % (across * chunk) != 0) --across;
  const std::uint32_t blocks = geometry.out_channels / (across * chunk);
  const std::uint32_t count = rows * tiles.columns;
  // Every run loads its weights anew.
  const std::uint32_t busy = (16 * caps.cores + tiles.positions() * blocks - 1) / (tiles.positions() * blocks);
  const std::uint32_t runs = std::clamp(busy, 1u, std::max(1u, tiles.room / 64));
  Dispatch dispatch;
  dispatch.shader = fmt::format("conv/winograd_product.{}", caps.shared_loads ? "shared" : "broadcast");
  dispatch.specialization = {caps.subgroup_size, 1, 1, across, first > 0, held};
  dispatch.buffers = {reads_workspace(1), reads_workspace(0), {{Operand::Kind::workspace, 2}, Access::read_write}};
  if (first == 0) dispatch.buffers[2].access = Access::write;
  dispatch.constants = {count, first, geometry.in_channels, geometry.out_channels, tiles.room, runs, tiles.positions()};
  dispatch.groups = folded_groups(std::uint64_t{tiles.positions()} * runs * blocks, caps);
  dispatch.linear = true;
  dispatch.flops = 2.0 * tiles.positions() * count * held * geometry.out_channels;
  dispatch.bytes = 4.0 * tiles.positions() *
                   (static_cast<double>(count) * (held + (first == 0 ? 1.0 : 2.0) * geometry.out_channels) +
                    static_cast<double>(held) * geometry.out_channels);
  return dispatch;
}

// A transform of rows of tiles `first` to `first + rows` to or from an image of these extents, a group for each row and
// subgroup of channel pairs. The shader's further constants and buffers are the caller's.
Dispatch transform_dispatch(const char* shader, double flops, std::uint32_t channels, const Extents3& image,
                            const Tiles& tiles, std::uint32_t first, std::uint32_t rows, const DeviceCaps& caps) {
  const std::uint32_t lanes = caps.subgroup_size;
  const double elements = static_cast<double>(rows) * tiles.columns * channels;
  Dispatch dispatch;
  dispatch.shader = transform_shader(shader, tiles);
  dispatch.specialization = {lanes, 1, 1, caps.shared_loads};
  dispatch.constants = {first, rows, image[1], image[2], tiles.rows, tiles.columns, channels, tiles.room};
  dispatch.groups = folded_groups(std::uint64_t{rows} * (channels / (2 * lanes)), caps);
  dispatch.linear = true;
  dispatch.flops = flops * elements;
  dispatch.bytes = 4.0 * (tiles.outputs * tiles.outputs + tiles.positions()) * elements;
  return dispatch;
}

// Adds the transforms of rows of tiles `first` to `first + rows` of input 0, padded so much above and to the left: of
// each tensor that it is joined from, or of what a norm is applied to.
void add_input_dispatches(const KernelRequest& request, const ConvGeometry& geometry, std::int32_t padding_h,
                          std::int32_t padding_w, const Tiles& tiles, std::uint32_t first, std::uint32_t rows,
                          KernelDispatches& result) {
  const std::optional<NormalizedInput> norm =
      request.producers.empty() ? std::nullopt : normalized_input(0, request.producers[0]);
  for (const ChannelPiece& piece : pieces_of_input(request, 0)) {
    const Operand x = norm ? norm->x : piece.from;
    const NormalizedInput read = norm.value_or(NormalizedInput{x, x, x, x, x});
    Dispatch dispatch = transform_dispatch("conv/winograd_input", transform_flops(tiles).input, piece.channels,
                                           geometry.in, tiles, first, rows, request.caps);
    for (const std::int32_t padding : {padding_h, padding_w})
      dispatch.specialization.push_back(static_cast<std::uint32_t>(padding));
    for (const bool flag : {norm.has_value(), read.affine, read.relu}) dispatch.specialization.push_back(flag);
    BufferUse written = writes_workspace(1);
    written.offset = piece.first * sizeof(float);
    dispatch.buffers = {{x, Access::read}, written};
    for (const Operand& operand : {read.mean, read.variance, read.weight, read.bias})
      dispatch.buffers.push_back({operand, Access::read});
    dispatch.constants.insert(dispatch.constants.end(), {geometry.in_channels, float_bits(read.eps)});
    result.dispatches.push_back(std::move(dispatch));
  }
}

Dispatch output_dispatch(const KernelRequest& request, const ConvGeometry& geometry, const Tiles& tiles,
                         std::uint32_t first, std::uint32_t rows) {
  const ConvAttributes& attributes = conv_attributes(request.op);
  const bool bias = request.inputs.size() == 3;
  Dispatch dispatch = transform_dispatch("conv/winograd_output", transform_flops(tiles).output, geometry.out_channels,
                                         geometry.out, tiles, first, rows, request.caps);
  for (const std::uint32_t value :
       {std::uint32_t{bias}, static_cast<std::uint32_t>(attributes.activation), float_bits(attributes.slope)})
    dispatch.specialization.push_back(value);
  dispatch.buffers = {reads_workspace(2), reads_input(bias ? 2 : 1), writes_output(0)};
  return dispatch;
}

// ---- weight gradient ----------------------------------------------------------------------------

// How its products are shared out.
struct Gradient {
  std::uint32_t in = 0;     // input channels of a workgroup
  std::uint32_t parts = 0;  // of each chunk's tiles
};

Gradient gradient_of(const ConvGeometry& geometry, const Tiles& tiles, const DeviceCaps& caps) {
  const std::uint32_t chunk = 2 * caps.subgroup_size;
  Gradient result;
  // Where inputs come by broadcasts, more of them leave no registers.
  result.in = caps.shared_loads && geometry.in_channels % (2 * chunk) == 0 ? 2 * chunk : chunk;
  const std::uint32_t groups = tiles.positions() * (geometry.in_channels / result.in) * (geometry.out_channels / chunk);
  const std::uint32_t busy = (16 * caps.cores + groups - 1) / groups;
  result.parts = std::clamp(busy, 1u, std::max(1u, tiles.room / 64));
  return result;
}

Dispatch upstream_dispatch(const ConvGeometry& geometry, const Tiles& tiles, std::uint32_t first, std::uint32_t rows,
                           const DeviceCaps& caps) {
  Dispatch dispatch = transform_dispatch("conv_weight_gradient/winograd_upstream", transform_flops(tiles).upstream,
                                         geometry.out_channels, geometry.out, tiles, first, rows, caps);
  dispatch.buffers = {reads_input(1), writes_workspace(2)};
  return dispatch;
}

Dispatch gradient_product_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Gradient& gradient,
                                   std::uint32_t first, std::uint32_t rows, const DeviceCaps& caps) {
  const std::uint32_t chunk = 2 * caps.subgroup_size, count = rows * tiles.columns;
  const std::uint64_t across = std::uint64_t{geometry.in_channels / gradient.in} * (geometry.out_channels / chunk);
  Dispatch dispatch;
  dispatch.shader = fmt::format("conv_weight_gradient/winograd_product.{}", caps.shared_loads ? "shared" : "broadcast");
  dispatch.specialization = {caps.subgroup_size,
                             1,
                             1,
                             geometry.in_channels,
                             geometry.out_channels,
                             gradient.in,
                             tiles.room,
                             gradient.parts,
                             first > 0,
                             tiles.positions()};
  dispatch.buffers = {reads_workspace(1), reads_workspace(2), {{Operand::Kind::workspace, 0}, Access::read_write}};
  if (first == 0) dispatch.buffers[2].access = Access::write;
  dispatch.constants = {count};
  dispatch.groups = folded_groups(tiles.positions() * gradient.parts * across, caps);
  dispatch.linear = true;
  dispatch.flops = 2.0 * tiles.positions() * count * geometry.in_channels * geometry.out_channels;
  dispatch.bytes = 4.0 * tiles.positions() * count * (geometry.in_channels + geometry.out_channels) +
                   static_cast<double>(matrix_bytes(geometry, tiles)) * gradient.parts * (first == 0 ? 1 : 2);
  return dispatch;
}

Dispatch gradient_output_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Gradient& gradient,
                                  const DeviceCaps& caps) {
  const std::uint32_t lanes = caps.subgroup_size;
  const double elements = static_cast<double>(geometry.in_channels) * geometry.out_channels;
  Dispatch dispatch;
  dispatch.shader = transform_shader("conv_weight_gradient/winograd_output", tiles);
  dispatch.specialization = {lanes, 1, 1, geometry.in_channels, geometry.out_channels, gradient.parts};
  dispatch.buffers = {reads_workspace(0), writes_output(0)};
  dispatch.groups = folded_groups(std::uint64_t{geometry.in_channels} * (geometry.out_channels / (2 * lanes)), caps);
  dispatch.linear = true;
  dispatch.flops = (tiles.positions() * gradient.parts + transform_flops(tiles).gradient) * elements;
  dispatch.bytes = 4.0 * (tiles.positions() * gradient.parts + 9) * elements;
  return dispatch;
}

}  // namespace

std::optional<std::string> refuse_winograd(const ConvGeometry& geometry, std::uint32_t outputs, bool gradient,
                                           const DeviceCaps& caps) {
  if (!caps.is_cpu()) return "is for CPU drivers";
  if (!caps.int64) return "needs 64-bit integers";
  if (geometry.kernel != Extents3{1, 3, 3} || geometry.stride != Extents3{1, 1, 1} ||
      geometry.dilation != Extents3{1, 1, 1} || geometry.padding[0] != 0 || geometry.in[0] != geometry.out[0] ||
      geometry.groups != 1)
    return "is for 3x3 kernels without stride, dilation or groups";
  const std::uint64_t tiles = tile_count(geometry, outputs);
  if (geometry.out[1] < 2 || geometry.out[2] < 2 || tiles < kLeastTiles)
    return fmt::format("gains nothing below {0} tiles of {1}x{1} pixels", kLeastTiles, outputs);
  if (outputs > 2 && tiles * positions_of(outputs) >= tile_count(geometry, 2) * positions_of(2))
    return "gains nothing where tiles of 2x2 pixels fit the image better";
  if (std::uint64_t{positions_of(outputs)} * geometry.in_channels * geometry.out_channels * sizeof(float) >
      kMostMatrixBytes)
    return "takes no weights as large as these";
  if (tile_row_bytes(geometry, outputs) > kMostRowBytes) return "takes no rows as long as these";
  const std::uint32_t least = gradient && outputs == 4 ? kLeastGradientChannels : kLeastChannels;
  for (const std::uint32_t channels : {geometry.in_channels, geometry.out_channels}) {
    const LaneChannels lanes = lane_channels(channels, caps);
    if (lanes.each == 0) return lanes.refusal;
    if (lanes.each == 1)
      return fmt::format("needs channels that are a multiple of {}, twice the subgroup's size", 2 * caps.subgroup_size);
    if (channels < least) return fmt::format("gains nothing below {} channels", least);
  }
  return std::nullopt;
}

std::vector<Operand> winograd_reads(std::uint32_t input, const Producer& producer, bool gradient,
                                    const DeviceCaps& caps) {
  if (input != 0) return {};
  if (const auto norm = normalized_input(0, producer)) return gradient ? norm->operands() : std::vector<Operand>{};
  std::vector<Operand> operands;
  for (const ChannelPiece& piece : joined_pieces(0, producer)) {
    if (lane_channels(piece.channels, caps).each != 2) return {};
    operands.push_back(piece.from);
  }
  return operands;
}

KernelDispatches emit_winograd(const KernelRequest& request, const ConvGeometry& geometry, std::uint32_t outputs,
                               bool transposed) {
  const DeviceCaps& caps = request.caps;
  const Tiles tiles = tiles_of(geometry, outputs);
  // Input channels of a product: as many as can be held, a multiple of what a load brings to the subgroup.
  const std::uint32_t most = kMostHeld / (2 * caps.subgroup_size) * (2 * caps.subgroup_size);
  // A transposed convolution is one of the mirrored kernel with what a full padding leaves.
  const auto padding = [&](int axis) {
    const auto given = static_cast<std::int32_t>(geometry.padding[axis]);
    return transposed ? 2 - given : given;
  };
  KernelDispatches result;
  result.dispatches.push_back(weight_dispatch(geometry, tiles, transposed, caps));
  for (std::uint32_t first = 0; first < tiles.all_rows; first += tiles.chunk_rows) {
    const std::uint32_t rows = std::min(tiles.chunk_rows, tiles.all_rows - first);
    add_input_dispatches(request, geometry, padding(1), padding(2), tiles, first, rows, result);
    for (std::uint32_t channel = 0; channel < geometry.in_channels; channel += most) {
      const std::uint32_t held = std::min(most, geometry.in_channels - channel);
      result.dispatches.push_back(product_dispatch(geometry, tiles, rows, channel, held, caps));
    }
    result.dispatches.push_back(output_dispatch(request, geometry, tiles, first, rows));
  }
  result.workspace_bytes = {matrix_bytes(geometry, tiles), tiles.bytes(geometry.in_channels),
                            tiles.bytes(geometry.out_channels)};
  return result;
}

KernelDispatches emit_winograd_weight_gradient(const KernelRequest& request, const ConvGeometry& geometry,
                                               std::uint32_t outputs) {
  const DeviceCaps& caps = request.caps;
  const Tiles tiles = tiles_of(geometry, outputs);
  const Gradient gradient = gradient_of(geometry, tiles, caps);
  KernelDispatches result;
  for (std::uint32_t first = 0; first < tiles.all_rows; first += tiles.chunk_rows) {
    const std::uint32_t rows = std::min(tiles.chunk_rows, tiles.all_rows - first);
    add_input_dispatches(request, geometry, static_cast<std::int32_t>(geometry.padding[1]),
                         static_cast<std::int32_t>(geometry.padding[2]), tiles, first, rows, result);
    result.dispatches.push_back(upstream_dispatch(geometry, tiles, first, rows, caps));
    result.dispatches.push_back(gradient_product_dispatch(geometry, tiles, gradient, first, rows, caps));
  }
  result.dispatches.push_back(gradient_output_dispatch(geometry, tiles, gradient, caps));
  result.workspace_bytes = {matrix_bytes(geometry, tiles) * gradient.parts, tiles.bytes(geometry.in_channels),
                            tiles.bytes(geometry.out_channels)};
  return result;
}

}  // namespace tuff
