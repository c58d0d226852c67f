#include "models/layers.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

namespace {

// Unit extents of so many spatial axes behind (N, C).
Shape image(std::int64_t channels, std::int64_t side, int rank) {
  std::vector<std::int64_t> extents = {2, channels};
  extents.resize(static_cast<std::size_t>(rank + 2), side);
  return Shape(extents);
}

}  // namespace

TEST_CASE("layers: blocks, norms and activations keep the extents at every rank, with gradients for all parameters") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const auto norm : {NormKind::batch, NormKind::group, NormKind::instance, NormKind::none})
      for (const auto activation : {ActivationKind::relu, ActivationKind::leaky_relu, ActivationKind::prelu,
                                    ActivationKind::elu, ActivationKind::silu, ActivationKind::none}) {
        Graph graph;
        Layers layers(graph, {.rank = rank, .training = true, .norm = norm, .activation = activation});
        Value x = graph.input("x", image(2, 6, rank));
        x = layers.double_convolution(x, "plain", 4);
        x = layers.double_convolution(x, "separable", 6, {.separable = true});
        x = layers.residual_block(x, "residual", 6);
        x = layers.residual_block(x, "wider", 8, {.stride = {2}});
        CHECK(x.shape() == image(8, 3, rank));
        CHECK(names(graph).contains("separable.conv1.depthwise.weight"));
        CHECK(names(graph).contains("wider.shortcut.weight"));
        CHECK_FALSE(names(graph).contains("residual.shortcut.weight"));
        CHECK(names(graph).contains("plain.conv1.bias") == (norm == NormKind::none));
        CHECK(names(graph).contains("plain.act2.weight") == (activation == ActivationKind::prelu));
        check_gradients_reach_all(graph, {x});
      }
}

TEST_CASE("layers: parameters of a depthwise-separable convolution and of a residual block by hand") {
  Graph graph;
  Layers layers(graph, {.norm = NormKind::none});
  const Value x = graph.input("x", {1, 8, 5, 5});
  layers.separable_convolution(x, "s", 16);
  CHECK(parameter_count(graph) == 8 * 9 + 8 * 16 + 16);
  layers.residual_block(x, "r", 12);
  CHECK(parameter_count(graph) == 8 * 9 + 8 * 16 + 16 + (8 * 12 * 9 + 12) + (12 * 12 * 9 + 12) + (8 * 12 + 12));
}

TEST_CASE("layers: all kinds of upsampling multiply the extents") {
  for (const auto kind : {Upsampling::transpose, Upsampling::bilinear, Upsampling::nearest, Upsampling::pixel_shuffle})
    for (int rank = 1; rank <= 3; ++rank) {
      Graph graph;
      Layers layers(graph, {.rank = rank});
      const Value y = layers.upsample(graph.input("x", image(4, 3, rank)), "up", 2, {2}, kind);
      CHECK(y.shape() == image(2, 6, rank));
      check_gradients_reach_all(graph, {y});
    }
  Graph graph;
  Layers layers(graph, {.rank = 3});
  const Value x = graph.input("x", image(4, 3, 3));
  CHECK(layers.upsample(x, "up", 2, {1, 2, 2}, Upsampling::transpose).shape() == Shape{2, 2, 3, 6, 6});
  CHECK(contains(error_of([&] {
                   layers.upsample(x, "shuffle", 2, {1, 2, 2}, Upsampling::pixel_shuffle);
                 }),
                 "take another upsampling"));
}

TEST_CASE("layers: a learned interpolation starts as a triangle along each axis, a channel by itself") {
  Graph graph;
  Layers layers(graph, {});
  CHECK(layers.learned_interpolation(graph.input("x", {1, 3, 4, 5}), "up", 4).shape() == Shape{1, 3, 16, 20});
  const Variable& weight = graph.variables().at(0);
  REQUIRE(weight.initializer.values);
  const HostTensor& values = *weight.initializer.values;
  CHECK(values.shape == Shape{3, 3, 8, 8});
  const auto at = [&](std::size_t i, std::size_t o, std::size_t y, std::size_t x) {
    return values.floats()[((i * 3 + o) * 8 + y) * 8 + x];
  };
  CHECK(at(1, 1, 3, 3) == doctest::Approx(0.875 * 0.875));
  CHECK(at(1, 1, 0, 4) == doctest::Approx(0.125 * 0.875));
  CHECK(at(1, 2, 3, 3) == 0);
  CHECK(contains(error_of([&] { layers.learned_interpolation(graph.input("z", {1, 3, 4, 5}), "up", 3); }), "2, 4, 6"));
}

TEST_CASE("layers: an attention gate takes a gating map of the level below") {
  Graph graph;
  Layers layers(graph, {});
  const Value skip = graph.input("skip", {1, 8, 6, 10}), gate = graph.input("gate", {1, 16, 3, 5});
  const Value y = layers.attention_gate(skip, gate, "gate", {2});
  CHECK(y.shape() == skip.shape());
  CHECK(parameter_count(graph) == 4 * 8 * 4 + (4 * 16 + 4) + (4 + 1));
  check_gradients_reach_all(graph, {y});
  CHECK(contains(error_of([&] {
                   layers.attention_gate(skip, gate, "other", {1, 2});
                 }),
                 "1x16x3x5 times 1x2 isn't the skip's 1x8x6x10"));
}

TEST_CASE("layers: dropout needs a random state in training, and acts without training where it has one") {
  Graph graph;
  const Value x = graph.input("x", {2, 4, 3, 3}), state = graph.input("state", {3}, DType::i32);
  CHECK(Layers(graph, {}).dropout(x, 0.5f) == x);
  CHECK(Layers(graph, {.training = true}).dropout(x, 0) == x);
  CHECK(contains(error_of([&] { Layers(graph, {.training = true}).dropout(x, 0.5f); }), "random state"));
  CHECK(Layers(graph, {.training = true, .random_state = state}).dropout(x, 0.5f) != x);
  CHECK(Layers(graph, {.random_state = state}).dropout(x, 0.5f) != x);
}

TEST_CASE("layers: coordinates go from -1 to 1 along each axis") {
  Graph graph;
  CHECK(with_coordinates(graph.input("x", {2, 3, 5, 4, 7})).shape() == Shape{2, 6, 5, 4, 7});
  Graph flat;
  with_coordinates(flat.input("x", {2, 1, 3, 5}));
  std::vector<float> values;
  for (const ValueInfo& info : flat.values())
    if (info.source.kind == Source::Kind::constant) {
      const auto floats = info.source.data->floats();
      values.assign(floats.begin(), floats.end());
    }
  REQUIRE(values.size() == 30);
  CHECK(values[0] == -1);
  CHECK(values[14] == 1);
  CHECK(values[7] == 0);  // the middle row
  CHECK(values[15] == -1);
  CHECK(values[16] == -0.5f);
  CHECK(values[19] == 1);
}

TEST_CASE("layers: refusals name what doesn't fit") {
  Graph graph;
  CHECK(contains(error_of([&] { Layers(graph, {.rank = 4}); }), "there must be 1 to 3"));
  Layers layers(graph, {});
  const Value x = graph.input("x", {1, 2, 4, 4});
  CHECK(contains(error_of([&] { layers.convolution(x, "c", 3, {.kernel = {3, 3, 3}}); }), "3 values of kernel"));
  CHECK(contains(error_of([&] { layers.dense(x, "d", 3); }), "takes (N, features), not 1x2x4x4"));
  CHECK(global_average(x).shape() == Shape{1, 2});
  CHECK(with_spatial_axes(global_average(x), 3).shape() == Shape{1, 2, 1, 1, 1});
}
