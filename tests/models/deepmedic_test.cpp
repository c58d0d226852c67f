#include "models/deepmedic.h"

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

TEST_CASE("deepmedic: the output size that is told is the one that is built") {
  const DeepMedicConfig config{.channels = {2, 2, 3}, .factors = {2, 3}, .classifier = {4}, .rank = 2};
  int fitting = 0;
  for (std::int64_t side = 1; side < 40; ++side) {
    const std::int64_t told = deepmedic_axis(config).output_size(side);
    Graph graph;
    const Value x = graph.input("x", {1, 1, side, side});
    if (told == 0) {
      CHECK(error_of([&] { deepmedic(graph, x, config, false); }) != "");
    } else {
      ++fitting;
      CHECK(deepmedic(graph, x, config, false).shape() == Shape{1, 2, told, told});
      CHECK(told + 2 * deepmedic_axis(config).margin() == side);
    }
  }
  CHECK(fitting == 3);  // 6, 12 and 18 of 24, 30 and 36
  CHECK(deepmedic_axis(config).alignment() == 6);
  CHECK(deepmedic_axis(config).margin() == 9);
}

TEST_CASE(
    "deepmedic: the paper's net in 3-D: 25 voxels cubed at full resolution give 9, with context 3 times as wide") {
  Graph graph;
  const std::int64_t side = 9 + 2 * deepmedic_axis({}).margin();
  CHECK(side == 57);
  CHECK(deepmedic(graph, graph.input("x", {1, 1, side, side, side}), {}, false).shape() == Shape{1, 2, 9, 9, 9});
}

TEST_CASE("deepmedic: with and without residuals gradients reach all parameters") {
  for (const bool residual : {false, true})
    for (int rank = 1; rank <= 3; ++rank) {
      const DeepMedicConfig config{
          .channels = {2, 2, 3, 3, 4, 5}, .factors = {2}, .classifier = {4}, .residual = residual, .rank = rank};
      std::vector<std::int64_t> extents = {2, 1};
      extents.resize(static_cast<std::size_t>(rank + 2), 2 + 2 * deepmedic_axis(config).margin());
      Graph graph;
      const Value y = deepmedic(graph, graph.input("x", Shape(extents)), config, true);
      CHECK(names(graph).contains("pathways.1.shortcut6.weight") == residual);
      check_gradients_reach_all(graph, {y});
    }
}

TEST_CASE("deepmedic: parameters by hand") {
  Graph graph;
  deepmedic(graph, graph.input("x", {1, 1, 15, 15}),
            {.channels = {2, 3}, .factors = {3}, .classifier = {4}, .norm = NormKind::none, .rank = 2}, false);
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t taps) { return in * out * taps + out; };
  const std::int64_t pathway = conv(1, 2, 9) + 2 + conv(2, 3, 9) + 3;  // and slopes
  CHECK(parameter_count(graph) == 2 * pathway + conv(6, 4, 1) + 4 + conv(4, 2, 1));
}

TEST_CASE("deepmedic: refusals name what fits") {
  Graph graph;
  const Value x = graph.input("x", {1, 1, 59, 60});
  CHECK(contains(error_of([&] { deepmedic(graph, x, {.rank = 2}, false); }),
                 "extent of 59 (x is 1x1x59x60); the nearest that it can: 57 or 60"));
  CHECK(contains(error_of([&] { deepmedic(graph, x, {}, false); }), "the net takes (N, 1, D, H, W)"));
  CHECK(contains(error_of([&] { deepmedic(graph, x, {.factors = {1}, .rank = 2}, false); }), "factors at least 2"));
}
