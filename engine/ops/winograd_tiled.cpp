#include "ops/winograd_tiled.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/spatial.h"
#include "ops/tiled_gemm.h"
#include "ops/winograd_tiles.h"

namespace tuff {

namespace {

// Of what lies between the transforms. A GPU's last cache may hold it (32 to 128 MiB in those of the 2020s); half of it
// would leave products of 512 channels too few workgroups. On a CPU driver a core's cache does.
constexpr std::uint64_t kChunkBytes = 64 << 20, kCpuChunkBytes = 1 << 20;
// Tiles of a chunk at least: the rows of the product's smallest tile.
constexpr std::uint64_t kLeastChunkTiles = 32;
// Tiles of a chunk that a weight gradient's part adds up at most: longer sums round more.
constexpr std::uint64_t kMostPartTiles = 1024;
// Of transformed weights, and of all parts of their gradient.
constexpr std::uint64_t kMostMatrixBytes = 256 << 20;
// What the memory moves in the time of a multiplication: 4-byte floats, multiplications and additions in one
// instruction, so 6 (A100) to 19 (RTX 3090), and 40 where caches hold a chunk. GPUs that share their memory with a CPU
// have no such caches.
constexpr double kDiscreteByteCost = 10, kByteCost = 20;
// Of the plain kernel's cost, for what the above leaves out: barriers between dispatches, launches.
constexpr double kWorthwhile = 0.9;

std::uint64_t rounded_up(std::uint64_t n, std::uint64_t step) {
  return (n + step - 1) / step * step;
}

std::uint64_t tile_count(const Tiles& tiles) {
  return std::uint64_t{tiles.all_rows} * tiles.columns;
}

std::uint64_t products_of(const ConvGeometry& geometry) {
  return std::uint64_t{geometry.in_channels} * geometry.out_channels;
}

std::uint32_t best_outputs(const ConvGeometry& geometry, const DeviceCaps& caps) {
  return winograd_tiled_cost(geometry, 4, caps) <= winograd_tiled_cost(geometry, 2, caps) ? 4 : 2;
}

// The tiles of all images go through the workspace in chunks, each of which is a product of its own.
struct Chunks {
  std::uint32_t tiles = 0;  // of each, the last may have fewer
  std::uint32_t count = 0;
  std::uint32_t rows = 0;  // that the product has: tiles, and what fills them up
  GemmPlan plan;
  std::uint32_t part_rows = 0;  // of a weight gradient's parts
};

Chunks chunks_of(const ConvGeometry& geometry, const Tiles& tiles, bool gradient, const DeviceCaps& caps) {
  const std::uint64_t all = tile_count(tiles), bound = caps.is_cpu() ? kCpuChunkBytes : kChunkBytes;
  const std::uint64_t most = std::max(bound / tile_bytes(geometry, tiles), kLeastChunkTiles);
  Chunks chunks;
  const std::uint64_t count = (all + most - 1) / most;
  chunks.tiles = static_cast<std::uint32_t>((all + count - 1) / count);
  chunks.count = static_cast<std::uint32_t>((all + chunks.tiles - 1) / chunks.tiles);
  GemmShape shape = {.rows = chunks.tiles,
                     .columns = geometry.out_channels,
                     .taps = 1,
                     .terms = geometry.in_channels,
                     .products = tiles.positions(),
                     .most_parts = 1};
  if (gradient) {
    std::swap(shape.rows, shape.terms);
    shape.most_parts = std::max<std::uint64_t>(1, kMostMatrixBytes / matrix_bytes(geometry, tiles));
  }
  chunks.plan = plan_gemm(shape, GemmUnit::registers, kBestGemmTile, caps);
  std::uint64_t parts = chunks.plan.parts;
  if (gradient) parts = std::clamp((chunks.tiles + kMostPartTiles - 1) / kMostPartTiles, parts, shape.most_parts);
  const std::uint64_t part =
      rounded_up((chunks.tiles + parts - 1) / parts, gradient ? chunks.plan.tile.depth : chunks.plan.tile.rows);
  chunks.plan.parts = static_cast<std::uint32_t>((chunks.tiles + part - 1) / part);
  chunks.part_rows = static_cast<std::uint32_t>(part);
  chunks.rows = static_cast<std::uint32_t>(part * chunks.plan.parts);
  return chunks;
}

struct Chunk {
  std::uint32_t first = 0, tiles = 0;
};

// Channels that an invocation of a transform takes.
std::uint32_t vector_of(const Tiles& tiles) {
  return tiles.outputs == 2 ? 4 : 2;
}

// Of so many invocations, each of which computes `flops` for each of its channels and moves so many of their elements.
Dispatch transform(const char* shader, std::uint64_t invocations, double flops, double moved, const Tiles& tiles,
                   const DeviceCaps& caps) {
  const double elements = static_cast<double>(invocations) * vector_of(tiles);
  Dispatch dispatch;
  dispatch.shader = fmt::format("{0}.{1}x{1}", shader, tiles.outputs);
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.groups = linear_groups(invocations, caps);
  dispatch.linear = true;
  dispatch.flops = flops * elements;
  dispatch.bytes = sizeof(float) * moved * elements;
  return dispatch;
}

double outputs_of(const Tiles& tiles) {
  return tiles.outputs * tiles.outputs;
}

Dispatch weight_dispatch(const ConvGeometry& geometry, const Tiles& tiles, bool flip, const DeviceCaps& caps) {
  const std::uint64_t count = products_of(geometry) / vector_of(tiles);
  Dispatch dispatch = transform("conv/winograd_tiled_weight", count, transform_flops(tiles).weight,
                                9.0 + tiles.positions(), tiles, caps);
  dispatch.specialization.push_back(flip);
  dispatch.buffers = {reads_input(1), writes_workspace(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count)};
  return dispatch;
}

// To workspace 1, of each tensor that input 0 is joined from. `written` rows: those beyond the tiles are 0.
void add_input_dispatches(const KernelRequest& request, const ConvGeometry& geometry, bool transposed,
                          const Tiles& tiles, const Chunks& chunks, const Chunk& chunk, std::uint32_t written,
                          KernelDispatches& result) {
  const std::uint32_t vector = vector_of(tiles);
  for (const ChannelPiece& piece : pieces_of_input(request, 0)) {
    const std::uint32_t vectors = piece.channels / vector;
    Dispatch dispatch =
        transform("conv/winograd_tiled_input", std::uint64_t{written} * vectors, transform_flops(tiles).input,
                  outputs_of(tiles) + tiles.positions(), tiles, request.caps);
    BufferUse to = writes_workspace(1);
    to.offset = piece.first * sizeof(float);
    dispatch.buffers = {{piece.from, Access::read}, to};
    dispatch.constants = {vectors,        geometry.in_channels / vector,
                          chunk.first,    chunk.tiles,
                          written,        chunks.rows,
                          tiles.rows,     tiles.columns,
                          geometry.in[1], geometry.in[2]};
    for (const int axis : {1, 2})
      dispatch.constants.push_back(static_cast<std::uint32_t>(winograd_padding(geometry, axis, transposed)));
    result.dispatches.push_back(std::move(dispatch));
  }
}

Dispatch upstream_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Chunks& chunks, const Chunk& chunk,
                           const DeviceCaps& caps) {
  const std::uint32_t vectors = geometry.out_channels / vector_of(tiles);
  Dispatch dispatch = transform("conv_weight_gradient/winograd_tiled_upstream", std::uint64_t{chunks.rows} * vectors,
                                transform_flops(tiles).upstream, outputs_of(tiles) + tiles.positions(), tiles, caps);
  dispatch.buffers = {reads_input(1), writes_workspace(2)};
  dispatch.constants = {vectors,    chunk.first,   chunk.tiles,     chunks.rows,
                        tiles.rows, tiles.columns, geometry.out[1], geometry.out[2]};
  return dispatch;
}

// Workspace 1 times workspace 0, the weights, to workspace 2; of a weight gradient the transposed of workspace 1 times
// workspace 2 to workspace 0, to which all but the first chunk adds.
Dispatch product_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Chunks& chunks, const Chunk& chunk,
                          bool gradient, const DeviceCaps& caps) {
  const GemmTile& tile = chunks.plan.tile;
  const std::uint32_t rows = gradient ? geometry.in_channels : chunks.rows;
  const std::uint32_t columns = geometry.out_channels, terms = gradient ? chunks.rows : geometry.in_channels;
  const bool further = gradient && chunk.first > 0;
  const std::uint32_t tiled = gradient ? rows % tile.rows : terms % tile.depth;
  Dispatch dispatch;
  dispatch.shader = gradient ? "conv/winograd_tiled_product.gradient" : "conv/winograd_tiled_product.forward";
  dispatch.specialization =
      gemm_tile_constants(tile, GemmUnit::registers, tiled == 0 && columns % tile.columns == 0, caps);
  dispatch.buffers = {reads_workspace(1), reads_workspace(gradient ? 2 : 0), writes_workspace(gradient ? 0 : 2)};
  if (further) dispatch.buffers[2].access = Access::read_write;
  dispatch.constants = {rows, columns, terms, tiles.positions(), gradient ? chunks.part_rows : terms, further};
  const auto across = [](std::uint64_t extent, std::uint64_t step) { return (extent + step - 1) / step; };
  dispatch.groups = folded_groups(
      across(rows, tile.rows) * across(columns, tile.columns) * tiles.positions() * chunks.plan.parts, caps);
  dispatch.linear = true;
  dispatch.flops = 2.0 * tiles.positions() * chunk.tiles * static_cast<double>(products_of(geometry));
  dispatch.bytes = static_cast<double>(chunk.tiles * tile_bytes(geometry, tiles)) +
                   static_cast<double>(matrix_bytes(geometry, tiles)) * chunks.plan.parts * (further ? 2 : 1);
  return dispatch;
}

Dispatch output_dispatch(const KernelRequest& request, const ConvGeometry& geometry, const Tiles& tiles,
                         const Chunks& chunks, const Chunk& chunk) {
  const ConvAttributes& attributes = conv_attributes(request.op);
  const bool bias = request.inputs.size() == 3;
  const std::uint32_t vectors = geometry.out_channels / vector_of(tiles);
  Dispatch dispatch =
      transform("conv/winograd_tiled_output", std::uint64_t{chunk.tiles} * vectors, transform_flops(tiles).output,
                outputs_of(tiles) + tiles.positions(), tiles, request.caps);
  for (const std::uint32_t value :
       {std::uint32_t{bias}, static_cast<std::uint32_t>(attributes.activation), float_bits(attributes.slope)})
    dispatch.specialization.push_back(value);
  dispatch.buffers = {reads_workspace(2), bias ? reads_input(2) : reads_workspace(2), writes_output(0)};
  dispatch.constants = {vectors,    chunk.first,   chunk.tiles,     chunks.rows,
                        tiles.rows, tiles.columns, geometry.out[1], geometry.out[2]};
  return dispatch;
}

Dispatch gradient_dispatch(const ConvGeometry& geometry, const Tiles& tiles, const Chunks& chunks,
                           const DeviceCaps& caps) {
  const std::uint64_t count = products_of(geometry) / vector_of(tiles);
  const std::uint32_t parts = chunks.plan.parts, summed = tiles.positions() * parts;
  Dispatch dispatch = transform("conv_weight_gradient/winograd_tiled_output", count,
                                summed + transform_flops(tiles).gradient, 9.0 + summed, tiles, caps);
  dispatch.buffers = {reads_workspace(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count), parts};
  return dispatch;
}

// Why not, whether it pays or not.
std::optional<std::string> refuse_geometry(const ConvGeometry& geometry, std::uint32_t outputs) {
  if (geometry.kernel != Extents3{1, 3, 3} || geometry.stride != Extents3{1, 1, 1} ||
      geometry.dilation != Extents3{1, 1, 1} || geometry.padding[0] != 0 || geometry.in[0] != geometry.out[0] ||
      geometry.groups != 1)
    return "is for 3x3 kernels without stride, dilation or groups";
  const Tiles tiles = tiles_of(geometry, outputs);
  if (matrix_bytes(geometry, tiles) > kMostMatrixBytes) return "takes no weights as large as these";
  if (kLeastChunkTiles * tile_bytes(geometry, tiles) > kChunkBytes) return "takes no channels as many as these";
  return std::nullopt;
}

}  // namespace

double plain_conv_cost(const ConvGeometry& geometry) {
  return 9.0 * static_cast<double>(geometry.batch * geometry.out_pixels()) * static_cast<double>(products_of(geometry));
}

double winograd_tiled_cost(const ConvGeometry& geometry, std::uint32_t outputs, const DeviceCaps& caps) {
  const Tiles tiles = tiles_of(geometry, outputs);
  const auto count = static_cast<double>(tile_count(tiles)), products = static_cast<double>(products_of(geometry));
  // Transformed inputs, products and weights (or upstreams and weights' gradients) are written and read once.
  const double bytes = 2 * (count * static_cast<double>(tile_bytes(geometry, tiles)) +
                            static_cast<double>(matrix_bytes(geometry, tiles)));
  return tiles.positions() * count * products +
         (caps.kind == DeviceKind::discrete ? kDiscreteByteCost : kByteCost) * bytes;
}

std::optional<std::string> refuse_winograd_tiled(const KernelRequest& request, const ConvGeometry& geometry,
                                                 std::uint32_t outputs) {
  const DeviceCaps& caps = request.caps;
  const bool best = outputs == kBestWinogradTile;
  if (best && caps.is_cpu()) return "is for GPUs";
  if (auto refusal = refuse_tiled_gemm(request, geometry, GemmUnit::registers, kBestGemmTile)) return refusal;
  if (auto refusal = refuse_geometry(geometry, best ? best_outputs(geometry, caps) : outputs)) return refusal;
  const bool half =
      std::ranges::any_of(request.inputs, [](const TensorType& type) { return type.dtype == DType::f16; }) ||
      std::ranges::any_of(request.outputs, [](const TensorType& type) { return type.dtype == DType::f16; });
  if (half && best) return "leaves images stored as f16 to products in tiles, whose operands are half as large";
  if (half && outputs != 4)
    return "has tiles of 4x4 alone for images stored as f16";  // the library is 10 KB smaller so
  if (!best) return std::nullopt;
  const double cost = winograd_tiled_cost(geometry, best_outputs(geometry, caps), caps),
               plain = plain_conv_cost(geometry);
  if (cost > kWorthwhile * plain)
    return fmt::format("gains nothing here: with what its transforms move it costs {:.2f} of a plain product",
                       cost / plain);
  return std::nullopt;
}

std::vector<Operand> winograd_tiled_reads(const KernelRequest&, std::uint32_t input, const Producer& producer) {
  std::vector<Operand> operands;
  if (input != 0) return operands;
  for (const ChannelPiece& piece : joined_pieces(0, producer)) {
    if (piece.channels % 4 != 0) return {};
    operands.push_back(piece.from);
  }
  return operands;
}

KernelDispatches emit_winograd_tiled(const KernelRequest& request, const ConvGeometry& geometry, WinogradResult wanted,
                                     std::uint32_t outputs) {
  const DeviceCaps& caps = request.caps;
  const bool gradient = wanted == WinogradResult::weight_gradient, transposed = wanted == WinogradResult::transposed;
  const Tiles tiles = tiles_of(geometry, outputs == kBestWinogradTile ? best_outputs(geometry, caps) : outputs);
  const Chunks chunks = chunks_of(geometry, tiles, gradient, caps);
  const auto all = static_cast<std::uint32_t>(tile_count(tiles));
  KernelDispatches result;
  if (!gradient) result.dispatches.push_back(weight_dispatch(geometry, tiles, transposed, caps));
  for (std::uint32_t first = 0; first < all; first += chunks.tiles) {
    const Chunk chunk = {first, std::min(chunks.tiles, all - first)};
    // Sums run over all rows; else those beyond the tiles give what nothing reads.
    add_input_dispatches(request, geometry, transposed, tiles, chunks, chunk, gradient ? chunks.rows : chunk.tiles,
                         result);
    if (gradient) result.dispatches.push_back(upstream_dispatch(geometry, tiles, chunks, chunk, caps));
    result.dispatches.push_back(product_dispatch(geometry, tiles, chunks, chunk, gradient, caps));
    if (!gradient) result.dispatches.push_back(output_dispatch(request, geometry, tiles, chunks, chunk));
  }
  if (gradient) result.dispatches.push_back(gradient_dispatch(geometry, tiles, chunks, caps));
  const auto chunk_bytes = [&](std::uint64_t channels) {
    return std::uint64_t{tiles.positions()} * chunks.rows * channels * sizeof(float);
  };
  result.workspace_bytes = {matrix_bytes(geometry, tiles) * (gradient ? chunks.plan.parts : 1),
                            chunk_bytes(geometry.in_channels), chunk_bytes(geometry.out_channels)};
  return result;
}

}  // namespace tuff
