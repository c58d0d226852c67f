#include "ops/winograd.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/normalize_kernels.h"
#include "ops/spatial.h"
#include "ops/winograd_blocks.h"

namespace tuff {

namespace {

// Transformed inputs and upstreams of a chunk of a weight gradient. 8 MiB: 1.04 to 1.09 times the time of a U-Net's
// step.
constexpr std::uint64_t kChunkBytes = 12 << 20;
// A chunk is one row of tiles at least; of longer ones 32 bits might not hold the offsets.
constexpr std::uint64_t kMostRowBytes = 16 * kChunkBytes;
// With fewer channels the transforms cost what the products save; not in the weight gradient, of tiles of 4x4.
constexpr std::uint32_t kLeastChannels = 32, kLeastGradientChannels = 16;
// With fewer tiles the weight's transform does.
constexpr std::uint32_t kLeastTiles = 32;
// Of transformed weights, and of their gradient in each part: 32 bits hold their offsets, and memory them.
constexpr std::uint64_t kMostMatrixBytes = 256 << 20;
// Input channels of a workgroup of the gradient's product, each with a sum. 64: no faster.
constexpr std::uint32_t kMostGradientInputs = 32;

// Of transformed inputs and upstreams.
std::uint64_t tile_row_bytes(const ConvGeometry& geometry, const Tiles& tiles) {
  return tiles.columns * tile_bytes(geometry, tiles);
}

// Rows of tiles that go through the workspace at a time.
struct Chunks {
  std::uint32_t rows = 0;
  std::uint32_t room = 0;  // tiles of a chunk, and what fills them up
};

Chunks chunks_of(const ConvGeometry& geometry, const Tiles& tiles) {
  const std::uint64_t row_bytes = tile_row_bytes(geometry, tiles);
  Chunks chunks;
  chunks.rows = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(kChunkBytes / row_bytes, 1, tiles.all_rows));
  // Chunks of about the same size.
  const std::uint32_t count = (tiles.all_rows + chunks.rows - 1) / chunks.rows;
  chunks.rows = (tiles.all_rows + count - 1) / count;
  chunks.room = tile_room(chunks.rows * tiles.columns);
  return chunks;
}

std::uint64_t chunk_bytes(const Tiles& tiles, const Chunks& chunks, std::uint32_t channels) {
  return std::uint64_t{tiles.positions()} * chunks.room * channels * sizeof(float);
}

// A transform of rows of tiles `first` to `first + rows` of an image of these extents, a group for each row and
// subgroup's channels. The shader's further constants and buffers are the caller's.
Dispatch transform_dispatch(const char* shader, double flops, std::uint32_t channels, const Extents3& image,
                            const Tiles& tiles, const Chunks& chunks, std::uint32_t first, std::uint32_t rows,
                            const DeviceCaps& caps) {
  const double elements = static_cast<double>(rows) * tiles.columns * channels;
  Dispatch dispatch;
  dispatch.shader = winograd_shader(shader, tiles, each_of(channels, caps), caps);
  dispatch.specialization = {caps.subgroup_size, 1, 1};
  dispatch.constants = {first, rows, image[1], image[2], tiles.rows, tiles.columns, channels, chunks.room};
  dispatch.groups = folded_groups(std::uint64_t{rows} * (channels / chunk_of(channels, caps)), caps);
  dispatch.linear = true;
  dispatch.flops = flops * elements;
  dispatch.bytes = 4.0 * (tiles.outputs * tiles.outputs + tiles.positions()) * elements;
  return dispatch;
}

// Adds the transforms of rows of tiles `first` to `first + rows` of input 0: of each tensor that it is joined from, or
// of what a norm is applied to.
void add_input_dispatches(const KernelRequest& request, const ConvGeometry& geometry, const Tiles& tiles,
                          const Chunks& chunks, std::uint32_t first, std::uint32_t rows, KernelDispatches& result) {
  const std::optional<NormalizedInput> norm =
      request.producers.empty() ? std::nullopt : normalized_input(0, request.producers[0]);
  for (const ChannelPiece& piece : pieces_of_input(request, 0)) {
    const Operand x = norm ? norm->x : piece.from;
    const NormalizedInput read = norm.value_or(NormalizedInput{x, x, x, x, x});
    Dispatch dispatch = transform_dispatch("conv_weight_gradient/winograd_input", transform_flops(tiles).input,
                                           piece.channels, geometry.in, tiles, chunks, first, rows, request.caps);
    for (const int axis : {1, 2}) dispatch.specialization.push_back(geometry.padding[axis]);
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

// Where inputs come by broadcasts, more of them leave no registers.
std::uint32_t gradient_inputs(const ConvGeometry& geometry, const DeviceCaps& caps) {
  return caps.shared_loads && geometry.in_channels % kMostGradientInputs == 0 ? kMostGradientInputs
                                                                              : chunk_of(geometry.in_channels, caps);
}

// How its products are shared out.
struct Gradient {
  std::uint32_t in = 0;     // input channels of a workgroup
  std::uint32_t parts = 0;  // of each chunk's tiles
};

Gradient gradient_of(const ConvGeometry& geometry, const Tiles& tiles, const Chunks& chunks, const DeviceCaps& caps) {
  Gradient result;
  result.in = gradient_inputs(geometry, caps);
  const std::uint32_t groups = tiles.positions() * (geometry.in_channels / result.in) *
                               (geometry.out_channels / chunk_of(geometry.out_channels, caps));
  const std::uint32_t busy = (16 * caps.cores + groups - 1) / groups;
  result.parts = std::clamp(busy, 1u, std::max(1u, chunks.room / 64));
  return result;
}

Dispatch upstream_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Chunks& chunks, std::uint32_t first,
                           std::uint32_t rows, const DeviceCaps& caps) {
  Dispatch dispatch = transform_dispatch("conv_weight_gradient/winograd_upstream", transform_flops(tiles).upstream,
                                         geometry.out_channels, geometry.out, tiles, chunks, first, rows, caps);
  dispatch.buffers = {reads_input(1), writes_workspace(2)};
  return dispatch;
}

Dispatch gradient_product_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Chunks& chunks,
                                   const Gradient& gradient, std::uint32_t first, std::uint32_t rows,
                                   const DeviceCaps& caps) {
  const std::uint32_t chunk = chunk_of(geometry.out_channels, caps), count = rows * tiles.columns;
  const std::uint64_t across = std::uint64_t{geometry.in_channels / gradient.in} * (geometry.out_channels / chunk);
  Dispatch dispatch;
  dispatch.shader = caps.shared_loads ? fmt::format("conv_weight_gradient/winograd_product.shared_{}",
                                                    each_of(geometry.out_channels, caps))
                                      : "conv_weight_gradient/winograd_product.broadcast";
  dispatch.specialization = {caps.subgroup_size,
                             1,
                             1,
                             geometry.in_channels,
                             geometry.out_channels,
                             gradient.in,
                             chunks.room,
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

}  // namespace

std::optional<std::string> refuse_winograd(const ConvGeometry& geometry, std::uint32_t outputs, bool gradient,
                                           const DeviceCaps& caps) {
  if (!caps.is_cpu()) return "is for CPU drivers";
  if (!caps.int64) return "needs 64-bit integers";
  if (geometry.kernel != Extents3{1, 3, 3} || geometry.stride != Extents3{1, 1, 1} ||
      geometry.dilation != Extents3{1, 1, 1} || geometry.padding[0] != 0 || geometry.in[0] != geometry.out[0] ||
      geometry.groups != 1)
    return "is for 3x3 kernels without stride, dilation or groups";
  const Tiles tiles = tiles_of(geometry, outputs), small = tiles_of(geometry, 2);
  const auto count = [](const Tiles& all) { return std::uint64_t{all.all_rows} * all.columns; };
  if (geometry.out[1] < 2 || geometry.out[2] < 2 || count(tiles) < kLeastTiles)
    return fmt::format("gains nothing below {0} tiles of {1}x{1} pixels", kLeastTiles, outputs);
  if (outputs > 2 && count(tiles) * tiles.positions() >= count(small) * small.positions())
    return "gains nothing where tiles of 2x2 pixels fit the image better";
  if (matrix_bytes(geometry, tiles) > kMostMatrixBytes) return "takes no weights as large as these";
  if (tile_row_bytes(geometry, tiles) > kMostRowBytes) return "takes no rows as long as these";
  const std::uint32_t least = gradient && outputs == 4 ? kLeastGradientChannels : kLeastChannels;
  for (const std::uint32_t channels : {geometry.in_channels, geometry.out_channels}) {
    const LaneChannels lanes = lane_channels(channels, caps);
    if (lanes.each == 0) return lanes.refusal;
    // With shared loads a lane may take a single channel, where products add by eights.
    if (lanes.each == 1 && (!caps.shared_loads || channels % 8 != 0))
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
  const std::vector<ChannelPiece> pieces = joined_pieces(0, producer);
  if (pieces.size() > 2) return {};  // a dispatch has room for two addresses
  for (const ChannelPiece& piece : pieces) {
    const std::uint32_t each = each_of(piece.channels, caps);
    if (each == 0 || (each == 1 && (!caps.shared_loads || piece.channels % 8 != 0))) return {};
    operands.push_back(piece.from);
  }
  return operands;
}

KernelDispatches emit_winograd_weight_gradient(const KernelRequest& request, const ConvGeometry& geometry,
                                               std::uint32_t outputs) {
  const DeviceCaps& caps = request.caps;
  if (winograd_gradient_by_blocks(geometry, outputs, caps))
    return emit_winograd_gradient_blocks(request, geometry, outputs, gradient_inputs(geometry, caps));
  const Tiles tiles = tiles_of(geometry, outputs);
  const Chunks chunks = chunks_of(geometry, tiles);
  const Gradient gradient = gradient_of(geometry, tiles, chunks, caps);
  KernelDispatches result;
  for (std::uint32_t first = 0; first < tiles.all_rows; first += chunks.rows) {
    const std::uint32_t rows = std::min(chunks.rows, tiles.all_rows - first);
    add_input_dispatches(request, geometry, tiles, chunks, first, rows, result);
    result.dispatches.push_back(upstream_dispatch(geometry, tiles, chunks, first, rows, caps));
    result.dispatches.push_back(gradient_product_dispatch(geometry, tiles, chunks, gradient, first, rows, caps));
  }
  result.dispatches.push_back(winograd_gradient_output_dispatch(geometry, tiles, gradient.parts, caps));
  result.workspace_bytes = {matrix_bytes(geometry, tiles) * gradient.parts,
                            chunk_bytes(tiles, chunks, geometry.in_channels),
                            chunk_bytes(tiles, chunks, geometry.out_channels)};
  return result;
}

}  // namespace tuff
