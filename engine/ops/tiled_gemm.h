// Convolutions, their data and weight gradients as matrix products in tiles for GPUs: which tiles there are, which one
// suits a product, and the dispatches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ops/conv_geometry.h"
#include "plan/kernel.h"

namespace tuff {

// In what an invocation or a subgroup holds its part of a tile: registers (shaders/common/gemm_tile.glsl) or
// cooperative matrices (shaders/common/cooperative_tile.glsl), whose operands are stored as f16. `elements`: matrices
// whose results invocations store one by one, not through shared memory.
enum class GemmUnit : std::uint8_t { registers, matrices, elements };

// What a workgroup computes: rows x columns, `depth` terms of the sum at a time. An invocation holds 4 row_blocks x 4
// column_blocks of them, or a subgroup row_blocks x column_blocks matrices.
struct GemmTile {
  std::uint32_t rows = 0, columns = 0, depth = 0, row_blocks = 0, column_blocks = 0;
  std::uint32_t invocations = 0, shared_bytes = 0;
};

// All there are, the smallest last; without cooperative matrices none of these.
//
// The larger a tile, the fewer loads for each multiplication: an invocation's 8x8 takes 16 words of shared memory for
// 64 products, 8x4 12 for 32, 4x4 8 for 16. Narrow ones are for few channels, the smallest for products that would
// leave most of a device idle. All but the first of those in registers suit the smallest device.
std::vector<GemmTile> gemm_tiles(GemmUnit unit, const DeviceCaps& caps);

// For the functions below: the one that suits the product best.
inline constexpr int kBestGemmTile = -1;

// A product of rows x columns whose sum has so many terms for each of so many taps, how many such products there are,
// and into how many parts their sums may go at most.
struct GemmShape {
  std::uint64_t rows = 0, columns = 0, taps = 0, terms = 0, products = 1, most_parts = 64;
};
// How they are done.
struct GemmPlan {
  GemmTile tile;
  std::uint32_t parts = 1;  // of the sum, each of workgroups of their own
};
// By arithmetic alone (docs/kernels.md): padding, reuse of what is loaded, and how evenly the device's cores are busy.
// `tile`: that one of gemm_tiles(), or kBestGemmTile of those that the device can run.
GemmPlan plan_gemm(const GemmShape& shape, GemmUnit unit, int tile, const DeviceCaps& caps);

// Specialization constants 0 to 12 of a shader that works by such a tile. `aligned`: its products are of whole tiles.
std::vector<std::uint32_t> gemm_tile_constants(const GemmTile& tile, GemmUnit unit, bool aligned,
                                               const DeviceCaps& caps);

// Why the device can't run this tile, or the product isn't one of whole quads of channels in one group. Matrices
// take images that are stored as f16.
std::optional<std::string> refuse_tiled_gemm(const KernelRequest& request, const ConvGeometry& geometry, GemmUnit unit,
                                             int tile);

// Forward and transposed.
KernelDispatches emit_tiled_gemm(const KernelRequest& request, const ConvGeometry& geometry, bool transposed,
                                 GemmUnit unit, int tile);

// y is the weight's gradient of the convolution of this geometry, from x and the upstream gradient.
KernelDispatches emit_tiled_gemm_weight_gradient(const KernelRequest& request, const ConvGeometry& geometry,
                                                 GemmUnit unit, int tile);

// Candidates of an op, of either unit: the best tile, then its tiles as settings, named by their rows and columns, of
// matrices by how many these are; matrices by elements are a setting, too. Of Op: geometry(request), and emit(request,
// unit, tile).
template <typename Op, GemmUnit unit, int tile>
void add_tiled_kernel(std::vector<Kernel>& kernels, std::string_view name) {
  kernels.push_back(
      {name, [](const KernelRequest& request) { return refuse_tiled_gemm(request, Op::geometry(request), unit, tile); },
       [](const KernelRequest& request) { return Op::emit(request, unit, tile); },
       tile != kBestGemmTile || unit == GemmUnit::elements});
}

template <typename Op>
void add_cooperative_kernels(std::vector<Kernel>& kernels) {
  add_tiled_kernel<Op, GemmUnit::matrices, kBestGemmTile>(kernels, "cooperative_gemm");
  add_tiled_kernel<Op, GemmUnit::matrices, 0>(kernels, "cooperative_gemm_8x8");
  add_tiled_kernel<Op, GemmUnit::matrices, 1>(kernels, "cooperative_gemm_4x4");
  add_tiled_kernel<Op, GemmUnit::matrices, 2>(kernels, "cooperative_gemm_8x1");
  add_tiled_kernel<Op, GemmUnit::matrices, 3>(kernels, "cooperative_gemm_2x2");
  add_tiled_kernel<Op, GemmUnit::elements, kBestGemmTile>(kernels, "cooperative_gemm_elements");
}

template <typename Op>
void add_tiled_kernels(std::vector<Kernel>& kernels) {
  add_tiled_kernel<Op, GemmUnit::registers, kBestGemmTile>(kernels, "tiled_gemm");
  add_tiled_kernel<Op, GemmUnit::registers, 0>(kernels, "tiled_gemm_128x128");
  add_tiled_kernel<Op, GemmUnit::registers, 1>(kernels, "tiled_gemm_128x64");
  add_tiled_kernel<Op, GemmUnit::registers, 2>(kernels, "tiled_gemm_64x64");
  add_tiled_kernel<Op, GemmUnit::registers, 3>(kernels, "tiled_gemm_128x32");
  add_tiled_kernel<Op, GemmUnit::registers, 4>(kernels, "tiled_gemm_128x16");
  add_tiled_kernel<Op, GemmUnit::registers, 5>(kernels, "tiled_gemm_32x32");
}

}  // namespace tuff
