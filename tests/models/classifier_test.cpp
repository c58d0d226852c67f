#include "models/classifier.h"

#include <doctest/doctest.h>

#include "models/noisy_and.h"
#include "models/p4.h"
#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

namespace {

const ClassifierConfig kSmall{
    .in_channels = 2, .classes = 3, .side = 10, .stages = {4, 5}, .dense = {6}, .norm = NormKind::none};

Shape image(std::int64_t channels, std::int64_t side, int rank) {
  std::vector<std::int64_t> extents = {2, channels};
  extents.resize(static_cast<std::size_t>(rank + 2), side);
  return Shape(extents);
}

}  // namespace

TEST_CASE("classifier: names, shapes and parameters by hand, the same on patches and images") {
  Graph patches, images;
  CHECK(classifier(patches, patches.input("x", {7, 2, 10, 10}), kSmall, true).shape() == Shape{7, 3});
  CHECK(declared(patches) == std::vector<std::string>{"stages.0.conv1.weight 4x2x3x3", "stages.0.conv1.bias 4",
                                                      "stages.1.conv1.weight 5x4x3x3", "stages.1.conv1.bias 5",
                                                      "dense.0.weight 6x5", "dense.0.bias 6", "head.weight 3x6",
                                                      "head.bias 3"});
  CHECK(classifier_map(images, images.input("x", {1, 2, 30, 21}), kSmall, false).shape() == Shape{1, 3, 6, 3});
  CHECK(declared(images) == declared(patches));
}

TEST_CASE("classifier: at every rank, with norm and dropout, gradients reach all parameters") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const auto norm : {NormKind::batch, NormKind::none}) {
      ClassifierConfig config = kSmall;
      config.rank = rank;
      config.norm = norm;
      config.side = 18;
      config.dropout = 0.5f;
      Graph graph;
      const Value state = graph.input("state", {3}, DType::i32);
      const Value y = classifier(graph, graph.input("x", image(2, 18, rank)), config, true, state);
      CHECK(y.shape() == Shape{2, 3});
      check_gradients_reach_all(graph, {y});
      Graph map;
      const Value z =
          classifier_map(map, map.input("x", image(2, 22, rank)), config, true, map.input("state", {3}, DType::i32));
      CHECK(z.shape() == image(3, 2, rank));
      check_gradients_reach_all(map, {z});
      CHECK(declared(map) == declared(graph));
    }
}

TEST_CASE("classifier: without stages a multilayer perceptron") {
  Graph graph;
  const ClassifierConfig config{.classes = 10, .side = 28, .stages = {}, .dense = {100, 50}, .norm = NormKind::none};
  CHECK(classifier(graph, graph.input("x", {4, 1, 28, 28}), config, true).shape() == Shape{4, 10});
  CHECK(parameter_count(graph) == 784 * 100 + 100 + 100 * 50 + 50 + 50 * 10 + 10);
  CHECK(classifier_stride(config) == 1);
  CHECK(classifier_map_size(config, 30) == 3);
}

TEST_CASE("classifier: geometry and refusals") {
  CHECK(classifier_stride(kSmall) == 4);
  CHECK(classifier_features_side(kSmall) == 1);
  CHECK(classifier_map_size(kSmall, 9) == 0);
  CHECK(classifier_map_size(kSmall, 10) == 1);
  CHECK(classifier_map_size(kSmall, 13) == 1);
  CHECK(classifier_map_size(kSmall, 14) == 2);
  CHECK(classifier_map_size(kSmall, 14, 1) == 5);
  CHECK(classifier_nearest_sides(kSmall, 11) == std::pair<std::int64_t, std::int64_t>(10, 14));
  for (const std::int64_t stride : {1, 2, 4, 8}) CHECK(classifier_takes_stride(kSmall, stride));
  for (const std::int64_t stride : {0, 3, 6, 12}) CHECK(!classifier_takes_stride(kSmall, stride));
  Graph graph;
  const Value x = graph.input("x", {1, 2, 9, 10});
  CHECK(contains(error_of([&] { classifier(graph, x, kSmall, false); }),
                 "patches are 1x2x9x10, the net takes a side of 10"));
  CHECK(contains(error_of([&] { classifier_map(graph, x, kSmall, false); }), "the image 1x2x9x10 is smaller"));
  Graph map;
  const Value image = map.input("x", {1, 2, 21, 30});
  CHECK(classifier_map(map, image, kSmall, false, {}, 2).shape() == Shape{1, 3, 6, 11});
  CHECK(contains(error_of([&] { classifier_map(map, image, kSmall, false, {}, 3); }), "not every 3"));
  ClassifierConfig odd = kSmall;
  odd.side = 11;
  CHECK(contains(error_of([&] { classifier(graph, x, odd, false); }), "patches of 11 pixels leave some over"));
  CHECK(contains(error_of([&] { classifier(graph, x, odd, false); }), "10 or 14"));
  ClassifierConfig grouped = kSmall;
  grouped.norm = NormKind::group;
  CHECK(contains(error_of([&] { classifier(graph, x, grouped, false); }), "must be batch or none"));
}

TEST_CASE("noisy_and: one probability for each class, a threshold learned") {
  Graph graph;
  const Value logits = classifier_map(graph, graph.input("x", {2, 2, 30, 30}), kSmall, true);
  const Value y = noisy_and(graph, logits);
  CHECK(y.shape() == Shape{2, 3});
  CHECK(names(graph).contains("noisy_and.threshold"));
  check_gradients_reach_all(graph, {y});
  CHECK(contains(error_of([&] { noisy_and(graph, y); }), "must be a map"));
  CHECK(contains(error_of([&] { noisy_and(graph, logits, "n", 0); }), "slope 0 must be above 0"));
}

TEST_CASE("p4: a feature has four channels and one filter, shapes and parameters by hand") {
  Graph graph;
  const P4ClassifierConfig config{.in_channels = 3, .classes = 5, .stages = {2, 4}};
  CHECK(p4_classifier(graph, graph.input("x", {2, 3, 8, 12}), config, true).shape() == Shape{2, 5});
  const std::int64_t filters = 2 * 3 * 9 + 2 * 2 * 4 * 9 + 4 * 2 * 4 * 9 + 4 * 4 * 4 * 9;
  CHECK(parameter_count(graph) == filters + 2 * (2 + 2 + 4 + 4) + 4 * 5 + 5);
  CHECK(names(graph).contains("stages.1.conv2.weight"));
  Graph features;
  const Value y = p4_features(features, features.input("x", {2, 3, 8, 12}), config, true);
  CHECK(y.shape() == Shape{2, 4, 4, 6});
  check_gradients_reach_all(features, {y});
}

TEST_CASE("p4: refusals") {
  Graph graph;
  Layers layers(graph, {});
  const Value x = graph.input("x", {1, 6, 7, 8});
  CHECK(contains(error_of([&] { p4_convolution(layers, x, "c", 2); }), "f32 1x6x7x8, must be (N, 4 C, H, W)"));
  CHECK(contains(error_of([&] { p4_lift(layers, x, "c", 2, 4); }), "kernel of \"c\" is 4; it must be odd"));
  const std::string told = error_of([&] { p4_features(graph, x, {.in_channels = 6}, false); });
  CHECK(contains(told, "an extent of 7, of 1x6x7x8, must be a multiple of 4"));
  CHECK(contains(told, "nearest: 4 or 8"));
  using Sides = std::pair<std::int64_t, std::int64_t>;
  CHECK(p4_nearest_sides({}, 3) == Sides(0, 4));
  CHECK(p4_nearest_sides({}, 8) == Sides(8, 8));
  CHECK(p4_nearest_sides({.stages = {4}}, 7) == Sides(7, 7));
}
