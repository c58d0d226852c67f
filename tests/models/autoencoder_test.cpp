#include "models/autoencoder.h"

#include <doctest/doctest.h>

#include "models/illumination.h"
#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

namespace {

using Bottleneck = AutoencoderConfig::Bottleneck;

}  // namespace

TEST_CASE("autoencoder: names and shapes are those of the PyTorch module, whichever half is built") {
  const AutoencoderConfig config{.channels = 3, .side = 16, .base = 4, .latent = 5};
  const std::vector<std::string> all = {
      "encoder.0.weight 4x3x4x4", "encoder.0.bias 4", "encoder.1.weight 8x4x4x4", "encoder.1.bias 8",
      "code.weight 5x8x4x4",      "code.bias 5",      "expand.weight 5x8x4x4",    "expand.bias 8",
      "decoder.0.weight 8x4x4x4", "decoder.0.bias 4", "decoder.1.weight 4x3x4x4", "decoder.1.bias 3"};
  Graph whole, encoder, decoder;
  CHECK(autoencoder(whole, whole.input("x", {2, 3, 16, 16}), config).shape() == Shape{2, 3, 16, 16});
  CHECK(autoencoder_encode(encoder, encoder.input("x", {2, 3, 16, 16}), config).shape() == Shape{2, 5, 1, 1});
  CHECK(autoencoder_decode(decoder, decoder.input("z", {2, 5, 1, 1}), config).shape() == Shape{2, 3, 16, 16});
  for (const Graph* graph : {&whole, &encoder, &decoder}) CHECK(declared(*graph) == all);
}

TEST_CASE("autoencoder: at every rank, with numbers or a map as code, gradients reach all parameters") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const auto bottleneck : {Bottleneck::numbers, Bottleneck::channels}) {
      const AutoencoderConfig config{
          .side = 8, .base = 2, .latent = 3, .bottleneck = bottleneck, .halvings = 2, .rank = rank};
      std::vector<std::int64_t> extents = {2, 1};
      extents.resize(static_cast<std::size_t>(rank + 2), 8);
      Graph graph;
      const Value y = autoencoder(graph, graph.input("x", Shape(extents)), config);
      CHECK(y.shape() == Shape(extents));
      check_gradients_reach_all(graph, {y});
    }
  Graph graph;
  const AutoencoderConfig map{.latent = 3, .bottleneck = Bottleneck::channels, .halvings = 2};
  CHECK(autoencoder_encode(graph, graph.input("x", {1, 1, 12, 20}), map).shape() == Shape{1, 3, 3, 5});
}

TEST_CASE("autoencoder: refusals name the shapes") {
  const auto told = [](const AutoencoderConfig& config, const auto& build) {
    Graph graph;
    return error_of([&] { build(graph, graph.input("x", {2, 1, 28, 28}), config); });
  };
  CHECK(contains(told({.side = 28}, autoencoder), "side 28 must be 8, 16, 32"));
  CHECK(contains(told({}, autoencoder), "f32 2x1x28x28, the net takes 1 channels and extents that are 32"));
  CHECK(contains(told({.bottleneck = Bottleneck::channels}, autoencoder), "extents that are multiples of 8"));
  CHECK(contains(told({}, autoencoder_decode), "the code is f32 2x1x28x28"));
  CHECK(contains(told({.latent = 0}, autoencoder), "latent (0)"));
}

TEST_CASE("illumination: patterns of lamps, before any network") {
  Graph graph;
  const IlluminationConfig config{.lamps = 9, .patterns = 2};
  const Value y = illumination(graph, graph.input("x", {3, 9, 5, 6}), config);
  CHECK(y.shape() == Shape{3, 2, 5, 6});
  CHECK(declared(graph) == std::vector<std::string>{"illumination.weight 2x9"});
  check_gradients_reach_all(graph, {y});
  const Value x = graph.input("z", {3, 8, 5, 6});
  CHECK(contains(error_of([&] { illumination(graph, x, config); }), "f32 3x8x5x6; the net takes (N, 9, H, W)"));
  CHECK(contains(error_of([&] { illumination(graph, x, {.lamps = 8, .patterns = 0}); }), "0 patterns"));
  Graph even;
  illumination(even, even.input("x", {1, 8, 4, 4}), {.lamps = 8, .patterns = 2, .uniform = true});
  CHECK(declared(even).empty());
}
