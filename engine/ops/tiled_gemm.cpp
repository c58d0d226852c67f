#include "ops/tiled_gemm.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ops/add_parts.h"
#include "ops/conv.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

std::uint64_t divided_up(std::uint64_t n, std::uint64_t d) {
  return (n + d - 1) / d;
}

// rows, columns, depth, row_blocks, column_blocks.
constexpr std::uint32_t kRegisterTiles[][5] = {{128, 128, 8, 2, 2}, {128, 64, 8, 2, 2}, {64, 64, 8, 2, 1},
                                               {128, 32, 8, 2, 1},  {128, 16, 8, 2, 1}, {32, 32, 16, 1, 1}};

// In matrices: subgroups down and across, row_blocks and column_blocks of each, depth.
constexpr std::uint32_t kMatrixTiles[][5] = {{2, 4, 4, 2, 1}, {2, 2, 2, 2, 2}, {4, 1, 2, 1, 1}, {1, 1, 2, 2, 2}};

std::optional<std::string> refuse_limits(const GemmTile& tile, const DeviceCaps& caps) {
  if (caps.max_shared_memory < tile.shared_bytes)
    return fmt::format("needs {} bytes of shared memory, device has {}", tile.shared_bytes, caps.max_shared_memory);
  if (caps.max_invocations < tile.invocations || caps.max_group_size[0] < tile.invocations)
    return fmt::format("needs groups of {} invocations, device has {}", tile.invocations, caps.max_invocations);
  return std::nullopt;
}

// Workgroups that a core should have at once, to hide the latency of loads.
constexpr std::uint32_t kGroupsPerCore = 2;
// A part of a sum is worth a workgroup from so many steps on.
constexpr std::uint32_t kLeastSteps = 16;
// What writing and adding one element of one part costs, in multiplications: 8 bytes at some 20 for each.
constexpr double kPartCost = 160;

struct PlannedTile {
  std::uint32_t parts = 1;
  double cost = 0;  // in multiplications of the device's fastest tile
};

PlannedTile plan_tile(const GemmShape& shape, GemmUnit unit, const GemmTile& tile, const DeviceCaps& caps) {
  const std::uint64_t tiles =
      divided_up(shape.rows, tile.rows) * divided_up(shape.columns, tile.columns) * shape.products;
  const std::uint64_t steps = shape.taps * divided_up(shape.terms, tile.depth);
  const std::uint64_t wanted = std::uint64_t{kGroupsPerCore} * caps.cores;
  PlannedTile planned;
  planned.parts = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(wanted / std::max<std::uint64_t>(tiles, 1), 1,
                                std::clamp<std::uint64_t>(steps / kLeastSteps, 1, shape.most_parts)));
  const auto groups = static_cast<double>(tiles * planned.parts);
  // Rounds in which all cores work, the last perhaps not all.
  const double rounds = static_cast<double>(divided_up(tiles * planned.parts, caps.cores)) * caps.cores / groups;
  // Of shared memory for a product, of numbers or matrices.
  const double size = unit == GemmUnit::registers ? 4 : 1;
  const double loads = 1 / (size * tile.row_blocks) + 1 / (size * tile.column_blocks);
  const double reread = (tile.rows + tile.columns) / static_cast<double>(tile.rows * tile.columns);  // of the cache
  const double product =
      static_cast<double>(tiles) * tile.rows * tile.columns * static_cast<double>(steps * tile.depth);
  planned.cost = product * rounds *
                 (unit == GemmUnit::registers ? 0.7 + 1.2 * loads + 4 * reread : 0.5 + 0.5 * loads + 16 * reread);
  if (planned.parts > 1)
    planned.cost += kPartCost * planned.parts * static_cast<double>(shape.rows * shape.columns * shape.products);
  return planned;
}

// A variant of a shader on tiles.
std::string tiled_shader(const char* op, GemmUnit unit, const char* variant) {
  const char* kind = unit == GemmUnit::matrices ? "cooperative_" : unit == GemmUnit::elements ? "cooperative2_" : "";
  return fmt::format("{}/tiled_gemm.{}{}", op, kind, variant);
}

// The largest residue class of output pixels, that of residue 0, which all classes get room for; and how many there
// are.
struct Classes {
  std::uint64_t count = 1, pixels = 0, taps = 1;
  bool even = true;  // all are as large
};

Classes classes_of(const ConvGeometry& geometry, bool transposed) {
  Classes classes{.pixels = geometry.batch};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::uint32_t stride = transposed ? geometry.stride[axis] : 1, out = geometry.out[axis];
    classes.count *= std::min(stride, out);
    classes.pixels *= divided_up(out, stride);
    classes.taps *= divided_up(geometry.kernel[axis], stride / std::gcd(stride, geometry.dilation[axis]));
    classes.even = classes.even && (out % stride == 0 || out < stride);
  }
  return classes;
}

Dispatch add_conv_parts(const KernelRequest& request, const ConvAttributes& attributes, std::uint32_t parts) {
  const auto elements = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  const bool bias = request.inputs.size() == 3;
  Dispatch dispatch;
  dispatch.shader = "conv/add_parts.vec4";
  dispatch.specialization = {
      kGroupSize, 1, 1, bias, static_cast<std::uint32_t>(attributes.activation), float_bits(attributes.slope)};
  dispatch.buffers = {reads_workspace(0), bias ? reads_input(2) : reads_workspace(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(elements / 4),
                        static_cast<std::uint32_t>(request.outputs[0].shape[1] / 4), parts};
  dispatch.groups = linear_groups(elements / 4, request.caps);
  dispatch.flops = static_cast<double>(elements) * parts;
  dispatch.bytes = 4.0 * static_cast<double>(elements) * parts + static_cast<double>(request.outputs[0].bytes());
  return dispatch;
}

}  // namespace

std::vector<GemmTile> gemm_tiles(GemmUnit unit, const DeviceCaps& caps) {
  std::vector<GemmTile> tiles;
  if (unit == GemmUnit::registers) {
    for (const auto& [rows, columns, depth, row_blocks, column_blocks] : kRegisterTiles)
      // Two buffers, the rows longer by 4 words.
      tiles.push_back({rows, columns, depth, row_blocks, column_blocks,
                       rows / (4 * row_blocks) * (columns / (4 * column_blocks)),
                       2 * depth * (rows + 4 + columns) * 4});
    return tiles;
  }
  const MatrixShape& matrix = caps.cooperative_matrix;
  if (matrix.m == 0) return tiles;
  for (const auto& [down, across, row_blocks, column_blocks, depth_blocks] : kMatrixTiles) {
    const std::uint32_t rows = down * row_blocks * matrix.m, columns = across * column_blocks * matrix.n;
    const std::uint32_t depth = depth_blocks * matrix.k, subgroups = down * across;
    // Two buffers of f16 and, where they go through shared memory, a result of each subgroup.
    const std::uint32_t left = std::max(rows * (depth + 8), depth * (rows + 8)), right = depth * (columns + 8);
    tiles.push_back({rows, columns, depth, row_blocks, column_blocks, subgroups * caps.subgroup_size,
                     2 * (left + right) * 2 + (unit == GemmUnit::matrices ? subgroups * matrix.m * matrix.n * 4 : 0)});
  }
  return tiles;
}

GemmPlan plan_gemm(const GemmShape& shape, GemmUnit unit, int wanted, const DeviceCaps& caps) {
  const std::vector<GemmTile> tiles = gemm_tiles(unit, caps);
  if (wanted != kBestGemmTile) {
    const GemmTile& tile = tiles[static_cast<std::size_t>(wanted)];
    return {tile, plan_tile(shape, unit, tile, caps).parts};
  }
  GemmPlan best;
  double least = -1;
  for (const GemmTile& tile : tiles) {
    if (refuse_limits(tile, caps)) continue;
    const PlannedTile planned = plan_tile(shape, unit, tile, caps);
    if (least >= 0 && planned.cost >= least) continue;
    least = planned.cost;
    best = {tile, planned.parts};
  }
  return best;
}

std::vector<std::uint32_t> gemm_tile_constants(const GemmTile& tile, GemmUnit unit, bool aligned,
                                               const DeviceCaps& caps) {
  std::vector<std::uint32_t> constants = {tile.invocations,  1, 1, tile.rows, tile.columns, tile.depth, tile.row_blocks,
                                          tile.column_blocks};
  // Unrolled terms: a CPU driver's compiler takes its time for each.
  constants.push_back(unit != GemmUnit::registers ? tile.invocations : caps.is_cpu() ? 1 : tile.depth);
  constants.push_back(aligned);
  const MatrixShape& matrix = caps.cooperative_matrix;
  constants.insert(constants.end(), {matrix.m, matrix.n, matrix.k});
  return constants;
}

std::optional<std::string> refuse_tiled_gemm(const KernelRequest& request, const ConvGeometry& geometry, GemmUnit unit,
                                             int wanted) {
  const DeviceCaps& caps = request.caps;
  if (geometry.groups != 1) return "takes no groups";
  if (geometry.in_channels % 4 != 0 || geometry.out_channels % 4 != 0)
    return fmt::format("takes channels by fours, not {} and {}", geometry.in_channels, geometry.out_channels);
  const std::vector<GemmTile> tiles = gemm_tiles(unit, caps);
  if (unit != GemmUnit::registers) {
    if (tiles.empty()) return "needs cooperative matrices";
    if (unit == GemmUnit::elements && !caps.cooperative_elements)
      return "needs single elements of cooperative matrices";
    if (request.inputs[0].dtype != DType::f16) return "takes images stored as f16";
  }
  const GemmTile& tile = wanted == kBestGemmTile ? tiles.back() : tiles[static_cast<std::size_t>(wanted)];
  if (auto refusal = refuse_limits(tile, caps)) return refusal;
  return refuse_large(request);
}

KernelDispatches emit_tiled_gemm(const KernelRequest& request, const ConvGeometry& geometry, bool transposed,
                                 GemmUnit unit, int wanted_tile) {
  const ConvAttributes& attributes = conv_attributes(request.op);
  const Classes classes = classes_of(geometry, transposed);
  const GemmShape shape = {classes.count * classes.pixels, geometry.out_channels, classes.taps, geometry.in_channels};
  const GemmPlan plan = plan_gemm(shape, unit, wanted_tile, request.caps);
  const GemmTile& tile = plan.tile;
  // A step is `depth` channels of one tap.
  const std::uint64_t steps = shape.taps * divided_up(shape.terms, tile.depth);
  const auto steps_per_part = static_cast<std::uint32_t>(divided_up(steps, plan.parts));
  const auto parts = static_cast<std::uint32_t>(divided_up(steps, steps_per_part));
  const bool aligned = classes.even && classes.pixels % tile.rows == 0 && geometry.in_channels % tile.depth == 0 &&
                       geometry.out_channels % tile.columns == 0;
  const bool bias = request.inputs.size() == 3;
  Dispatch dispatch;
  dispatch.shader = tiled_shader("conv", unit, parts > 1 ? "partial" : "f32");
  dispatch.whole_subgroups = unit != GemmUnit::registers;
  dispatch.specialization = gemm_tile_constants(tile, unit, aligned, request.caps);
  dispatch.specialization.insert(
      dispatch.specialization.end(),
      {transposed, bias, static_cast<std::uint32_t>(attributes.activation), float_bits(attributes.slope)});
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(bias ? 2 : 1),
                      parts > 1 ? writes_workspace(0) : writes_output(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.constants.insert(dispatch.constants.end(), {parts, steps_per_part});
  dispatch.groups = folded_groups(
      divided_up(classes.pixels, tile.rows) * divided_up(geometry.out_channels, tile.columns) * parts * classes.count,
      request.caps);
  dispatch.linear = true;
  dispatch.flops = 2.0 * geometry.batch *
                   static_cast<double>(transposed ? geometry.in_pixels() : geometry.out_pixels()) *
                   static_cast<double>(geometry.weights());
  const auto elements = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  dispatch.bytes =
      static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
      (parts > 1 ? 4.0 * static_cast<double>(elements) * parts : static_cast<double>(request.outputs[0].bytes()));
  if (parts == 1) return {{dispatch}, {}};
  return {{dispatch, add_conv_parts(request, attributes, parts)}, {elements * parts * sizeof(float)}};
}

KernelDispatches emit_tiled_gemm_weight_gradient(const KernelRequest& request, const ConvGeometry& geometry,
                                                 GemmUnit unit, int wanted_tile) {
  const std::uint64_t pixels = geometry.batch * geometry.out_pixels();
  const GemmShape shape = {std::uint64_t{geometry.taps()} * geometry.in_channels, geometry.out_channels, 1, pixels};
  const GemmPlan plan = plan_gemm(shape, unit, wanted_tile, request.caps);
  const GemmTile& tile = plan.tile;
  const std::uint64_t steps_per_part = divided_up(divided_up(pixels, tile.depth), plan.parts);
  const auto per_part = static_cast<std::uint32_t>(steps_per_part * tile.depth);
  const auto parts = static_cast<std::uint32_t>(divided_up(pixels, per_part));
  Dispatch dispatch;
  dispatch.shader = tiled_shader("conv_weight_gradient", unit, "f32");
  dispatch.whole_subgroups = unit != GemmUnit::registers;
  dispatch.specialization = gemm_tile_constants(
      tile, unit, shape.rows % tile.rows == 0 && shape.columns % tile.columns == 0 && pixels % per_part == 0,
      request.caps);
  dispatch.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.constants.push_back(per_part);
  dispatch.groups =
      folded_groups(divided_up(shape.rows, tile.rows) * divided_up(shape.columns, tile.columns) * parts, request.caps);
  dispatch.linear = true;
  dispatch.flops = 2.0 * static_cast<double>(pixels) * static_cast<double>(geometry.weights());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
                   4.0 * static_cast<double>(geometry.weights()) * parts;
  return {{dispatch, add_parts(geometry.weights(), parts, request.caps)}, {geometry.weights() * parts * sizeof(float)}};
}

}  // namespace tuff
