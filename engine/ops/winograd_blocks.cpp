#include "ops/winograd_blocks.h"

#include <algorithm>
#include <bit>

#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/normalize_kernels.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

// What a block's tiles take between the transforms, and how many they are. Forward: a core's cache holds them. Weight
// gradient: enough that its sums, which come from memory and go back for each block, are used often.
struct BlockLimits {
  std::uint64_t bytes;
  std::uint32_t tiles;
};
constexpr BlockLimits kBlockLimits = {384 << 10, 64}, kGradientBlockLimits = {768 << 10, 128};
constexpr std::uint32_t kLeastBlockTiles = 32, kFewestBlockTiles = 8;
// Of all workgroups' blocks: a machine with many cores takes fewer tiles at a time, or fewer workgroups.
constexpr std::uint64_t kMostScratchBytes = 64 << 20;
// Workgroups for each core, which have a scratch for a block.
constexpr std::uint32_t kBlockGroups = 2;
// Of a block's products: input channels at a time, and these by vectors of output channels and tiles together. 64 and
// 256: as fast, but four times as long to compile.
constexpr std::uint32_t kMostBlockHeld = 32, kBlockProducts = 64;
constexpr std::uint32_t kMostAcross = 2;  // vectors of output channels
// Where inputs come by broadcasts, one tile at a time, each serves all vectors of output channels.
constexpr std::uint32_t kBroadcastProducts = 128, kMostBroadcastAcross = 4;
// Weight gradients of more channels, both ends together, gain nothing from blocks: too few tiles share a sum.
constexpr std::uint32_t kMostBlockGradientChannels = 96;
// Of the weight's gradient in all parts.
constexpr std::uint64_t kMostPartBytes = 12 << 20;
// Of a dispatch: some 50 ms on two cores.
constexpr double kMostDispatchFlops = 4e9;

struct Blocks {
  std::uint32_t vector = 0;             // channels that a lane takes
  std::uint32_t rows = 0, columns = 0;  // of tiles
  std::uint32_t count = 0;
  std::uint32_t groups = 0;  // each with a scratch for a block

  std::uint32_t room() const { return tile_room(rows * columns); }
  std::uint64_t scratch_bytes(const ConvGeometry& geometry, const Tiles& tiles) const {
    return std::uint64_t{groups} * room() * tile_bytes(geometry, tiles);
  }
  std::vector<std::uint32_t> constants(const ConvGeometry& geometry, const Tiles& tiles) const {
    return {geometry.in[1], geometry.in[2], geometry.out[1], geometry.out[2], tiles.rows, tiles.columns,
            tiles.all_rows, rows,           columns};
  }
};

// Parts of `all` of about the same size, none larger than `most`.
std::uint32_t part_of(std::uint32_t all, std::uint32_t most) {
  const std::uint32_t parts = (all + most - 1) / most;
  return (all + parts - 1) / parts;
}

Blocks blocks_of(const KernelRequest& request, const ConvGeometry& geometry, const Tiles& tiles,
                 const BlockLimits& limits) {
  const DeviceCaps& caps = request.caps;
  Blocks blocks;
  blocks.vector = each_of(geometry.out_channels, caps);
  for (const ChannelPiece& piece : pieces_of_input(request, 0))
    blocks.vector = std::min(blocks.vector, each_of(piece.channels, caps));
  const std::uint64_t bytes = tile_bytes(geometry, tiles), wanted = kBlockGroups * std::uint64_t{caps.cores};
  const std::uint64_t least =
      std::clamp<std::uint64_t>(kMostScratchBytes / (wanted * bytes), kFewestBlockTiles, kLeastBlockTiles);
  const auto most = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(limits.bytes / bytes, least, limits.tiles));
  blocks.columns = part_of(tiles.columns, most);
  blocks.rows = blocks.columns < tiles.columns ? 1 : part_of(tiles.all_rows, std::max(1u, most / tiles.columns));
  blocks.count =
      (tiles.all_rows + blocks.rows - 1) / blocks.rows * ((tiles.columns + blocks.columns - 1) / blocks.columns);
  const std::uint64_t fitting = std::max<std::uint64_t>(1, kMostScratchBytes / (blocks.room() * bytes));
  blocks.groups = static_cast<std::uint32_t>(std::min({std::uint64_t{blocks.count}, wanted, fitting}));
  return blocks;
}

// How a block's products are computed.
struct BlockProducts {
  std::uint32_t held = 0;      // input channels at a time
  std::uint32_t across = 0;    // vectors of output channels
  std::uint32_t together = 1;  // tiles

  std::uint32_t out_channels(const Blocks& blocks, const DeviceCaps& caps) const {
    return across * blocks.vector * caps.subgroup_size;
  }
};

BlockProducts block_products(const ConvGeometry& geometry, const Blocks& blocks, const DeviceCaps& caps) {
  BlockProducts products;
  // Products add by eights, or broadcasts take what one load brings to the subgroup.
  const std::uint32_t step = caps.shared_loads ? 8 : chunk_of(geometry.in_channels, caps);
  products.held = std::max(1u, std::min(kMostBlockHeld, geometry.in_channels) / step) * step;
  while (geometry.in_channels % products.held != 0) products.held -= step;
  products.across =
      caps.shared_loads ? kMostAcross : std::clamp(kBroadcastProducts / products.held, 1u, kMostBroadcastAcross);
  while (geometry.out_channels % products.out_channels(blocks, caps) != 0) --products.across;
  if (caps.shared_loads)
    products.together =
        std::bit_floor(std::clamp(kBlockProducts / (products.held * products.across), 1u, kTilesTogether));
  return products;
}

void add_block_dispatches(const KernelRequest& request, const ConvGeometry& geometry, std::int32_t padding_h,
                          std::int32_t padding_w, const Tiles& tiles, const Blocks& blocks,
                          const BlockProducts& products, KernelDispatches& result) {
  const DeviceCaps& caps = request.caps;
  const ConvAttributes& attributes = conv_attributes(request.op);
  const bool bias = request.inputs.size() == 3;
  const std::vector<ChannelPiece> pieces = pieces_of_input(request, 0);
  const double elements = static_cast<double>(blocks.rows) * blocks.columns;  // of a block
  const TransformFlops flops = transform_flops(tiles);
  const double block_flops = elements * (flops.input * geometry.in_channels + flops.output * geometry.out_channels +
                                         2.0 * tiles.positions() * geometry.in_channels * geometry.out_channels);
  const auto most = static_cast<std::uint32_t>(std::clamp(kMostDispatchFlops / block_flops, 1.0 * blocks.groups, 1e9));
  const std::uint32_t at_a_time = part_of(blocks.count, most);
  for (std::uint32_t first = 0; first < blocks.count; first += at_a_time) {
    const std::uint32_t count = std::min(at_a_time, blocks.count - first), groups = std::min(blocks.groups, count);
    Dispatch dispatch;
    dispatch.shader = winograd_shader("conv/winograd", tiles, blocks.vector, caps);
    dispatch.specialization = {caps.subgroup_size,
                               1,
                               1,
                               static_cast<std::uint32_t>(padding_h),
                               static_cast<std::uint32_t>(padding_w),
                               bias,
                               static_cast<std::uint32_t>(attributes.activation),
                               float_bits(attributes.slope),
                               products.across,
                               products.held,
                               products.together};
    dispatch.buffers = {{pieces.front().from, Access::read},
                        {pieces.back().from, Access::read},
                        reads_workspace(0),
                        reads_input(bias ? 2 : 1),
                        writes_output(0),
                        {{Operand::Kind::workspace, 1}, Access::read_write}};
    dispatch.constants = blocks.constants(geometry, tiles);
    for (const std::uint32_t value :
         {first, count, groups, pieces.front().channels, geometry.in_channels, geometry.out_channels, blocks.room()})
      dispatch.constants.push_back(value);
    dispatch.groups = folded_groups(groups, caps);
    dispatch.linear = true;
    dispatch.flops = block_flops * count;
    dispatch.bytes =
        4.0 * count * elements * tiles.outputs * tiles.outputs * (geometry.in_channels + geometry.out_channels) +
        static_cast<double>(matrix_bytes(geometry, tiles));
    result.dispatches.push_back(std::move(dispatch));
  }
}

// Its groups each add up a part, however long that takes: more dispatches would each load and store all sums.
Dispatch block_gradient_dispatch(const KernelRequest& request, const ConvGeometry& geometry, const Tiles& tiles,
                                 const Blocks& blocks, std::uint32_t in) {
  const std::optional<NormalizedInput> norm =
      request.producers.empty() ? std::nullopt : normalized_input(0, request.producers[0]);
  const std::vector<ChannelPiece> pieces = pieces_of_input(request, 0);
  const Operand x = norm ? norm->x : pieces.front().from;
  const NormalizedInput read = norm.value_or(NormalizedInput{x, pieces.back().from, x, x, x});
  const double elements = static_cast<double>(tiles.all_rows) * tiles.columns;
  const TransformFlops flops = transform_flops(tiles);
  Dispatch dispatch;
  dispatch.shader = winograd_shader("conv_weight_gradient/winograd", tiles, blocks.vector, request.caps);
  dispatch.specialization = {
      request.caps.subgroup_size, 1,           1,        geometry.padding[1], geometry.padding[2], in,
      norm.has_value(),           read.affine, read.relu};
  dispatch.buffers = {{x, Access::read},
                      {read.mean, Access::read},
                      {read.variance, Access::read},
                      {read.weight, Access::read},
                      {read.bias, Access::read},
                      reads_input(1),
                      {{Operand::Kind::workspace, 0}, Access::read_write},
                      {{Operand::Kind::workspace, 1}, Access::read_write}};
  dispatch.constants = blocks.constants(geometry, tiles);
  for (const std::uint32_t value : {blocks.count, blocks.groups, pieces.front().channels, geometry.in_channels,
                                    geometry.out_channels, blocks.room(), float_bits(read.eps)})
    dispatch.constants.push_back(value);
  dispatch.groups = folded_groups(blocks.groups, request.caps);
  dispatch.linear = true;
  dispatch.flops = elements * (flops.input * geometry.in_channels + flops.upstream * geometry.out_channels +
                               2.0 * tiles.positions() * geometry.in_channels * geometry.out_channels);
  dispatch.bytes = 4.0 * elements * tiles.outputs * tiles.outputs * (geometry.in_channels + geometry.out_channels) +
                   static_cast<double>(matrix_bytes(geometry, tiles)) * blocks.groups;
  return dispatch;
}

}  // namespace

KernelDispatches emit_winograd(const KernelRequest& request, const ConvGeometry& geometry, std::uint32_t outputs,
                               bool transposed) {
  const Tiles tiles = tiles_of(geometry, outputs);
  const Blocks blocks = blocks_of(request, geometry, tiles, kBlockLimits);
  const BlockProducts products = block_products(geometry, blocks, request.caps);
  KernelDispatches result;
  result.dispatches.push_back(
      winograd_weight_dispatch(geometry, tiles, transposed, products.out_channels(blocks, request.caps), request.caps));
  add_block_dispatches(request, geometry, winograd_padding(geometry, 1, transposed),
                       winograd_padding(geometry, 2, transposed), tiles, blocks, products, result);
  result.workspace_bytes = {matrix_bytes(geometry, tiles), blocks.scratch_bytes(geometry, tiles)};
  return result;
}

bool winograd_gradient_by_blocks(const ConvGeometry& geometry, std::uint32_t outputs, const DeviceCaps& caps) {
  return geometry.in_channels + geometry.out_channels <= kMostBlockGradientChannels &&
         matrix_bytes(geometry, tiles_of(geometry, outputs)) * caps.cores <= kMostPartBytes;
}

KernelDispatches emit_winograd_gradient_blocks(const KernelRequest& request, const ConvGeometry& geometry,
                                               std::uint32_t outputs, std::uint32_t in) {
  const DeviceCaps& caps = request.caps;
  const Tiles tiles = tiles_of(geometry, outputs);
  const std::uint64_t part_bytes = matrix_bytes(geometry, tiles);
  Blocks blocks = blocks_of(request, geometry, tiles, kGradientBlockLimits);
  const auto most = static_cast<std::uint32_t>(kMostPartBytes / part_bytes);
  blocks.groups = std::min(blocks.groups, most / caps.cores * caps.cores);
  KernelDispatches result;
  result.dispatches = {block_gradient_dispatch(request, geometry, tiles, blocks, in),
                       winograd_gradient_output_dispatch(geometry, tiles, blocks.groups, caps)};
  result.workspace_bytes = {part_bytes * blocks.groups, blocks.scratch_bytes(geometry, tiles)};
  return result;
}

}  // namespace tuff
