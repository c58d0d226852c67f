#include "models/segnet.h"

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

TEST_CASE("segnet: extents stay at every rank and gradients reach all parameters") {
  for (int rank = 1; rank <= 3; ++rank) {
    std::vector<std::int64_t> extents = {2, 3};
    extents.resize(static_cast<std::size_t>(rank + 2), 8);
    Graph graph;
    const Value y = segnet(graph, graph.input("x", Shape(extents)),
                           {.in_channels = 3, .out_channels = 4, .base = 2, .depth = 2, .rank = rank}, true);
    extents[1] = 4;
    CHECK(y.shape() == Shape(extents));
    check_gradients_reach_all(graph, {y});
  }
}

TEST_CASE("segnet: parameters by hand; unpooling adds none") {
  Graph graph;
  segnet(graph, graph.input("x", {1, 1, 8, 8}), {.base = 2, .depth = 2, .norm = NormKind::none}, false);
  const auto conv = [](std::int64_t in, std::int64_t out) { return in * out * 9 + out; };
  CHECK(parameter_count(graph) == conv(1, 2) + conv(2, 2) + conv(2, 4) + conv(4, 4)        // encoder
                                      + conv(4, 4) + conv(4, 2) + conv(2, 2) + conv(2, 2)  // decoder
                                      + 2 + 1);
  CHECK(names(graph).contains("decoder.1.conv2.weight"));
}

TEST_CASE("segnet: geometry and refusals") {
  CHECK(segnet_axis({}).alignment() == 16);
  CHECK(segnet_axis({}).output_size(48) == 48);
  CHECK(segnet_axis({}).output_size(40) == 0);
  CHECK(segnet_axis({}).nearest_sizes(40) == std::pair<std::int64_t, std::int64_t>{32, 48});
  CHECK(segnet_axis({.depth = 1}).receptive_radius() == 2 + 1 + 2);
  Graph graph;
  const Value x = graph.input("x", {1, 1, 40, 48});
  CHECK(contains(error_of([&] { segnet(graph, x, {}, false); }),
                 "an extent of 40 (x is 1x1x40x48); the nearest that it can: 32 or 48"));
  CHECK(contains(error_of([&] { segnet(graph, x, {.rank = 3}, false); }), "the net takes (N, 1, D, H, W)"));
  CHECK(contains(error_of([&] { segnet(graph, x, {.depth = 0}, false); }), "depth 0"));
}
