// Winograd's F(2x2, 3x3) and F(4x4, 3x3) for GPUs: convolutions of 3x3 kernels, their data and weight gradients.
// Transforms are dispatches of their own, before and after one matrix product for each position of a tile in tiles of
// shared memory (ops/tiled_gemm.h). What lies between goes through a bounded workspace, chunk by chunk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ops/conv_geometry.h"
#include "plan/kernel.h"

namespace tuff {

// Outputs of a tile on each axis: 2, 4, or the one that costs less, which is refused where neither pays.
inline constexpr std::uint32_t kBestWinogradTile = 0;

enum class WinogradResult : std::uint8_t { forward, transposed, weight_gradient };

// What a convolution of this geometry costs on such a device, in multiplications, plain or with tiles of that many
// outputs: arithmetic alone (docs/kernels.md).
double plain_conv_cost(const ConvGeometry& geometry);
double winograd_tiled_cost(const ConvGeometry& geometry, std::uint32_t outputs, const DeviceCaps& caps);

std::optional<std::string> refuse_winograd_tiled(const KernelRequest& request, const ConvGeometry& geometry,
                                                 std::uint32_t outputs);

// The tensors that a concatenation joins, for Kernel::reads_through.
std::vector<Operand> winograd_tiled_reads(const KernelRequest& request, std::uint32_t input, const Producer& producer);

KernelDispatches emit_winograd_tiled(const KernelRequest& request, const ConvGeometry& geometry, WinogradResult result,
                                     std::uint32_t outputs);

// Candidates of an op: the best tile, then both as settings. Of Op: geometry(request) and result(request).
template <typename Op>
void add_winograd_tiled_kernels(std::vector<Kernel>& kernels) {
  const auto add = [&]<std::uint32_t outputs>(std::string_view name) {
    kernels.push_back(
        {name,
         [](const KernelRequest& request) { return refuse_winograd_tiled(request, Op::geometry(request), outputs); },
         [](const KernelRequest& request) {
           return emit_winograd_tiled(request, Op::geometry(request), Op::result(request), outputs);
         },
         outputs != kBestWinogradTile, winograd_tiled_reads});
  };
  add.template operator()<kBestWinogradTile>("winograd_tiled");
  add.template operator()<4>("winograd_tiled_4x4");
  add.template operator()<2>("winograd_tiled_2x2");
}

}  // namespace tuff
