#include "models/fcn.h"

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

namespace {

using Variant = FcnConfig::Variant;

std::int64_t conv(std::int64_t in, std::int64_t out, std::int64_t taps) {
  return in * out * taps + out;
}

}  // namespace

TEST_CASE("fcn: every variant gives the input's extents, at every rank, with gradients for all parameters") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const auto variant : {Variant::fcn32s, Variant::fcn16s, Variant::fcn8s}) {
      std::vector<std::int64_t> extents = {2, 1};
      extents.resize(static_cast<std::size_t>(rank + 2), 32);
      extents.back() = 64;
      Graph graph;
      const Value y =
          fcn(graph, graph.input("x", Shape(extents)),
              {.base = 2, .wide = 4, .convolutions = {1, 1, 1, 1, 2}, .variant = variant, .rank = rank}, true);
      extents[1] = 2;
      CHECK(y.shape() == Shape(extents));
      CHECK(names(graph).contains("score_pool3.weight") == (variant == Variant::fcn8s));
      CHECK(names(graph).contains("score_pool4.weight") == (variant != Variant::fcn32s));
      check_gradients_reach_all(graph, {y});
    }
}

TEST_CASE("fcn: parameters of 8s by hand") {
  Graph graph;
  fcn(graph, graph.input("x", {1, 3, 32, 32}),
      {.in_channels = 3,
       .out_channels = 2,
       .base = 2,
       .wide = 4,
       .convolutions = {1, 1, 1, 1, 1},
       .norm = NormKind::none},
      false);
  const std::int64_t encoder = conv(3, 2, 9) + conv(2, 4, 9) + conv(4, 8, 9) + conv(8, 16, 9) + conv(16, 16, 9);
  const std::int64_t scores = conv(4, 2, 1) + conv(16, 2, 1) + conv(8, 2, 1);
  const std::int64_t ups = 2 * 2 * (4 * 4 + 4 * 4 + 16 * 16);
  CHECK(parameter_count(graph) == encoder + conv(16, 4, 9) + conv(4, 4, 1) + scores + ups);
}

TEST_CASE("fcn: scores of pooled stages start at 0, enlargement as interpolation") {
  Graph graph;
  fcn(graph, graph.input("x", {1, 1, 32, 32}), {.base = 2, .wide = 4}, false);
  int zeros = 0, filters = 0;
  for (const Variable& variable : graph.variables()) {
    const bool scores = variable.name == "score_pool3.weight" || variable.name == "score_pool4.weight";
    if (scores && variable.initializer.kind == Initializer::Kind::constant && variable.initializer.value == 0) ++zeros;
    if (variable.initializer.kind == Initializer::Kind::values) ++filters;
  }
  CHECK(zeros == 2);
  CHECK(filters == 3);
}

TEST_CASE("fcn: geometry and refusals") {
  CHECK(fcn_axis({}).alignment() == 32);
  CHECK(fcn_axis({}).output_size(96) == 96);
  CHECK(fcn_axis({}).output_size(100) == 0);
  CHECK(fcn_axis({}).nearest_sizes(100) == std::pair<std::int64_t, std::int64_t>{96, 128});
  CHECK(fcn_axis({}).receptive_radius() > 100);
  Graph graph;
  const Value x = graph.input("x", {1, 1, 100, 96});
  CHECK(contains(error_of([&] { fcn(graph, x, {}, false); }),
                 "an extent of 100 (x is 1x1x100x96); the nearest that it can: 96 or 128"));
  CHECK(contains(error_of([&] { fcn(graph, x, {.in_channels = 2}, false); }), "the net takes (N, 2, H, W)"));
  CHECK(contains(error_of([&] { fcn(graph, x, {.wide = 0}, false); }), "wide 0"));
  const Value y = graph.input("y", {1, 1, 32, 32});
  CHECK(contains(error_of([&] { fcn(graph, y, {.dropout = 0.5f}, true); }), "batch_norm: training needs more"));
  const Value z = graph.input("z", {2, 1, 64, 32});
  CHECK(contains(error_of([&] { fcn(graph, z, {.dropout = 0.5f}, true); }), "random state"));
}
