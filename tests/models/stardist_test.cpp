#include "models/stardist.h"

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

namespace {

const StarDistConfig kSmall{
    .net = {.base = 2, .depth = 2, .norm = NormKind::none}, .rays = 8, .features = 4, .classes = 3};

}  // namespace

TEST_CASE("stardist: three heads at full resolution, parameters by hand") {
  Graph graph;
  const StarDistOutputs outputs = stardist(graph, graph.input("x", {2, 1, 16, 24}), kSmall, true);
  CHECK(outputs.probability.shape() == Shape{2, 1, 16, 24});
  CHECK(outputs.distances.shape() == Shape{2, 8, 16, 24});
  CHECK(outputs.classes.shape() == Shape{2, 4, 16, 24});
  check_gradients_reach_all(graph, {outputs.probability, outputs.distances, outputs.classes});
  Graph net;
  unet_features(net, net.input("x", {2, 1, 16, 24}), kSmall.net, true);
  const std::int64_t shared = 2 * 4 * 9 + 4;
  CHECK(parameter_count(graph) == parameter_count(net) + 2 * shared + (4 + 1) + (4 * 8 + 8) + (4 * 4 + 4));
  CHECK(names(graph).contains("probability.weight"));
  CHECK_FALSE(names(graph).contains("head.weight"));
}

TEST_CASE("stardist: the paper's net in 2-D and one for stacks with flat levels") {
  Graph graph, stack;
  const StarDistOutputs outputs = stardist(graph, graph.input("x", {1, 1, 64, 64}), {}, false);
  CHECK(outputs.distances.shape() == Shape{1, 32, 64, 64});
  CHECK_FALSE(outputs.classes);
  StarDistConfig config = kSmall;
  config.net.rank = 3;
  config.net.flat_levels = 1;
  config.rays = 96;
  CHECK(stardist(stack, stack.input("x", {1, 1, 6, 8, 8}), config, false).distances.shape() == Shape{1, 96, 6, 8, 8});
}

TEST_CASE("stardist: a grid gives results for every second or fourth pixel") {
  for (const std::int64_t grid : {2, 4}) {
    StarDistConfig config = kSmall;
    config.grid = grid;
    Graph graph;
    const StarDistOutputs outputs = stardist(graph, graph.input("x", {1, 1, 32, 48}), config, true);
    CHECK(outputs.probability.shape() == Shape{1, 1, 32 / grid, 48 / grid});
    CHECK(stardist_axis(config).output_size(32) == 32 / grid);
    CHECK(stardist_axis(config).alignment() == 4 * grid);
    CHECK(stardist_axis(config).receptive_radius() > stardist_axis(kSmall).receptive_radius());
    check_gradients_reach_all(graph, {outputs.probability, outputs.distances, outputs.classes});
  }
  CHECK(stardist_axis(kSmall).receptive_radius() == unet_axis(kSmall.net).receptive_radius() + 1);
}

TEST_CASE("stardist: refusals name shapes and what fits") {
  const auto told = [&](const Shape& shape, const StarDistConfig& config) {
    Graph graph;
    return error_of([&] { stardist(graph, graph.input("x", shape), config, false); });
  };
  StarDistConfig grid = kSmall;
  grid.grid = 3;
  CHECK(contains(told({1, 1, 16, 16}, grid), "the grid 3 must be 1, 2, 4"));
  CHECK(contains(told({1, 1, 18, 16}, kSmall), "extent of 18"));
  CHECK(contains(told({1, 1, 18, 16}, kSmall), "16 or 20"));
  CHECK(contains(told({1, 3, 16, 16}, kSmall), "f32 1x3x16x16; the net takes (N, 1, H, W)"));
  CHECK(contains(told({1, 1, 16, 16}, {.rays = 2}), "2 rays must be at least 3"));
  const StarDistConfig volumes{.net = {.base = 2, .depth = 1, .rank = 3}, .rays = 3};
  CHECK(contains(told({1, 1, 16, 16, 16}, volumes), "3 rays must be at least 4"));
}
