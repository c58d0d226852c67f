// Which tiles a matrix product takes on which device, without one.
#include "ops/tiled_gemm.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "ops/kernel_table.h"

namespace tuff::test {

namespace {

constexpr GemmUnit kUnits[] = {GemmUnit::registers, GemmUnit::matrices, GemmUnit::elements};

}  // namespace

TEST_CASE("tiled gemm: tiles are made of whole invocations and subgroups and fit the devices they are for") {
  const DeviceCaps smallest, discrete = pretended_caps("discrete");
  for (const GemmTile& tile : gemm_tiles(GemmUnit::registers, discrete)) {
    CHECK(tile.invocations * 16 * tile.row_blocks * tile.column_blocks == tile.rows * tile.columns);
    CHECK(tile.depth % 4 == 0);
    const bool largest = tile.rows == 128 && tile.columns == 128;
    CHECK((tile.shared_bytes <= smallest.max_shared_memory && tile.invocations <= smallest.max_invocations) != largest);
  }
  CHECK(gemm_tiles(GemmUnit::matrices, smallest).empty());
  for (const MatrixShape& shape :
       {MatrixShape{16, 16, 16}, MatrixShape{8, 8, 16}, MatrixShape{8, 8, 8}, MatrixShape{16, 8, 16}}) {
    DeviceCaps caps = discrete;
    caps.cooperative_matrix = shape;
    for (const GemmTile& tile : gemm_tiles(GemmUnit::matrices, caps)) {
      const std::uint32_t matrices = tile.rows / shape.m * (tile.columns / shape.n);
      CHECK(matrices / (tile.row_blocks * tile.column_blocks) * caps.subgroup_size == tile.invocations);
      CHECK(tile.depth % shape.k == 0);
      CHECK(tile.shared_bytes <= caps.max_shared_memory);
    }
  }
}

TEST_CASE("tiled gemm: the last tile is the smallest, so a device that can't run it runs none") {
  for (const GemmUnit unit : kUnits) {
    const std::vector<GemmTile> tiles = gemm_tiles(unit, pretended_caps("discrete"));
    for (const GemmTile& tile : tiles) {
      CHECK(tiles.back().rows * tiles.back().columns <= tile.rows * tile.columns);
      CHECK(tiles.back().invocations <= tile.invocations);
    }
  }
}

TEST_CASE("tiled gemm: large products take large tiles, narrow ones narrow tiles, small ones are split") {
  const DeviceCaps caps = pretended_caps("discrete");
  for (const GemmUnit unit : kUnits) {
    const GemmPlan large = plan_gemm({1 << 20, 256, 9, 256}, unit, kBestGemmTile, caps);
    CHECK(large.tile.rows * large.tile.columns == 128 * 128);
    CHECK(large.parts == 1);
    const GemmPlan narrow = plan_gemm({1 << 20, 16, 9, 16}, unit, kBestGemmTile, caps);
    CHECK(narrow.tile.columns == 16);
    CHECK(narrow.parts == 1);
    // A weight's gradient: few rows and columns, a long sum.
    const GemmPlan gradient = plan_gemm({144, 16, 1, 1 << 20}, unit, kBestGemmTile, caps);
    CHECK(gradient.parts > 8);
    const GemmPlan tiny = plan_gemm({16, 16, 1, 16}, unit, kBestGemmTile, caps);
    CHECK(tiny.parts == 1);
  }
  // Without room for the largest tile another one is taken.
  const GemmPlan weak = plan_gemm({1 << 20, 256, 9, 256}, GemmUnit::registers, kBestGemmTile, DeviceCaps{});
  CHECK(weak.tile.rows * weak.tile.columns == 128 * 64);
}

TEST_CASE("tiled gemm: tiles and other ways of a kernel are settings of it, which are never chosen by themselves") {
  int settings = 0;
  for (const char* op : {"conv", "conv_transpose", "conv_weight_gradient"})
    for (const Kernel& kernel : kernel_table().at(op)) {
      CAPTURE(kernel.name);
      const bool tiled = kernel.name.starts_with("cooperative_gemm") || kernel.name.starts_with("tiled_gemm");
      if (!tiled) continue;
      CHECK(kernel.setting == (kernel.name != "cooperative_gemm" && kernel.name != "tiled_gemm"));
      settings += kernel.setting;
    }
  CHECK(settings == 3 * (4 + 1 + 6));
}

}  // namespace tuff::test
