#include "models/rootpainter.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

TEST_CASE("rootpainter: names, shapes and parameters are those of the published module") {
  Graph graph;
  CHECK(rootpainter(graph, graph.input("x", {1, 3, 260, 276}), {}, false).shape() == Shape{1, 2, 196, 212});
  const std::int64_t norm = 2 * 64, conv = 64 * 64 * 9 + 64;
  const std::int64_t down = (64 * 128 * 9 + 128 + 256) + (128 * 128 * 9 + 128 + 256) + 128 * 64;
  const std::int64_t up = (64 * 64 * 4 + 64 + norm) + 2 * (conv + norm);
  CHECK(parameter_count(graph) == (3 * 64 * 9 + 64 + norm) + conv + norm + 4 * down + 4 * up + (64 * 2 + 2 + 2 * 2));
  CHECK(parameter_count(graph) == 1'322'438);
  const auto all = declared(graph);
  for (const char* one : {"conv_in.3.weight 64x64x3x3", "conv_in.5.bias 64", "down4.conv1x1.0.weight 64x128x1x1",
                          "up1.conv1.0.weight 64x64x2x2", "up4.conv3.2.weight 64", "conv_out.2.bias 2"}) {
    CAPTURE(one);
    CHECK(std::ranges::count(all, one) == 1);
  }
}

TEST_CASE("rootpainter: the output size that is told is the one that is built") {
  const RootPainterConfig config{.in_channels = 1, .width = 4, .depth = 2};
  int fitting = 0;
  for (std::int64_t side = 1; side < 60; ++side) {
    const std::int64_t told = rootpainter_axis(config).output_size(side);
    Graph graph;
    const Value x = graph.input("x", {1, 1, side, side});
    if (told == 0) {
      CHECK(error_of([&] { rootpainter(graph, x, config, false); }) != "");
    } else {
      ++fitting;
      CHECK(rootpainter(graph, x, config, false).shape() == Shape{1, 2, told, told});
      CHECK(side - told == 2 * rootpainter_axis(config).margin());
    }
  }
  CHECK(fitting > 5);
}

TEST_CASE("rootpainter: gradients at every rank, geometry, refusals") {
  for (int rank = 1; rank <= 3; ++rank) {
    const RootPainterConfig config{.in_channels = 1, .width = 2, .depth = 1, .rank = rank};
    std::vector<std::int64_t> extents = {1, 1};
    extents.resize(static_cast<std::size_t>(rank + 2), 12);
    Graph graph;
    check_gradients_reach_all(graph, {rootpainter(graph, graph.input("x", Shape(extents)), config, true)});
  }
  CHECK(rootpainter_axis({}).alignment() == 16);
  CHECK(rootpainter_axis({}).nearest_sizes(572) == std::pair<std::int64_t, std::int64_t>{564, 580});
  CHECK(rootpainter_axis({}).receptive_radius() > rootpainter_axis({}).margin());
  Graph graph;
  const Value x = graph.input("x", {1, 3, 572, 580});
  CHECK(contains(error_of([&] { rootpainter(graph, x, {}, false); }), "an extent of 572"));
  CHECK(contains(error_of([&] { rootpainter(graph, x, {.in_channels = 1}, false); }), "the net takes (N, 1, H, W)"));
}
