#include "models/cellpose.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

TEST_CASE("cellpose: the published net has 6,600,843 parameters, outputs of the image's extents and a style") {
  Graph graph;
  const CellposeOutputs outputs = cellpose(graph, graph.input("x", {1, 2, 64, 96}), {}, false);
  CHECK(outputs.output.shape() == Shape{1, 3, 64, 96});
  CHECK(outputs.style.shape() == Shape{1, 256});
  CHECK(parameter_count(graph) == 6'600'843);
  const auto all = declared(graph);
  for (const char* one :
       {"downsample.down.res_down_0.conv.conv_0.0.running_var 2",
        "downsample.down.res_down_3.proj.1.weight 256x128x1x1", "upsample.up.res_up_3.conv.conv_1.full.weight 256x256",
        "upsample.up.res_up_0.conv.conv_3.conv.2.bias 32", "upsample.up.res_up_0.conv.conv_0.2.weight 32x64x3x3",
        "output.0.weight 32", "output.2.weight 3x32x1x1"}) {
    CAPTURE(one);
    CHECK(std::ranges::count(all, one) == 1);
  }
}

TEST_CASE("cellpose: at every rank gradients reach all parameters") {
  for (int rank = 1; rank <= 3; ++rank) {
    Graph graph;
    std::vector<std::int64_t> extents = {2, 1};
    extents.resize(static_cast<std::size_t>(rank + 2), 8);
    const CellposeOutputs outputs =
        cellpose(graph, graph.input("x", Shape(extents)),
                 {.in_channels = 1, .out_channels = rank + 1, .base = 2, .depth = 2, .rank = rank}, true);
    extents[1] = rank + 1;
    CHECK(outputs.output.shape() == Shape(extents));
    check_gradients_reach_all(graph, {outputs.output, outputs.style});
  }
}

TEST_CASE("cellpose: geometry and refusals") {
  CHECK(cellpose_axis({}).alignment() == 8);
  CHECK(cellpose_axis({}).output_size(40) == 40);
  CHECK(cellpose_axis({}).output_size(44) == 0);
  CHECK(cellpose_axis({}).nearest_sizes(44) == std::pair<std::int64_t, std::int64_t>{40, 48});
  // Four convolutions on both ways at each level and twice four at the bottom, and windows of 2.
  CHECK(cellpose_axis({}).receptive_radius() == 8 * (1 + 2 + 4 + 8) + 7);
  Graph graph;
  const Value x = graph.input("x", {1, 2, 44, 40});
  CHECK(contains(error_of([&] { cellpose(graph, x, {}, false); }),
                 "an extent of 44 (x is 1x2x44x40); the nearest that it can: 40 or 48"));
  CHECK(contains(error_of([&] { cellpose(graph, x, {.in_channels = 3}, false); }), "the net takes (N, 3, H, W)"));
  CHECK(contains(error_of([&] { cellpose(graph, x, {.depth = 0}, false); }), "depth 0"));
}
