#include "models/vae.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "support/files.h"

using namespace tuff;
using namespace tuff::test;

namespace {

using Likelihood = VaeConfig::Likelihood;

std::vector<std::string> declared(const Graph& graph) {
  std::vector<std::string> names;
  for (const Variable& variable : graph.variables())
    names.push_back(variable.name + " " + to_string(variable.type.shape) + " " + std::to_string(variable.offset));
  return names;
}

}  // namespace

TEST_CASE("vae: names and shapes are those of the PyTorch module") {
  Graph graph;
  vae_terms(graph, graph.input("x", {2, 3, 16, 16}), graph.input("noise", {2, 5, 1, 1}),
            {.channels = 3, .side = 16, .base = 4, .latent = 5, .likelihood = Likelihood::gaussian});
  std::vector<std::string> shapes;
  for (const Variable& variable : graph.variables())
    shapes.push_back(variable.name + " " + to_string(variable.type.shape));
  CHECK(shapes == std::vector<std::string>{
                      "encoder.0.weight 4x3x4x4", "encoder.0.bias 4", "encoder.1.weight 8x4x4x4", "encoder.1.bias 8",
                      "mean.weight 5x8x4x4", "mean.bias 5", "log_variance.weight 5x8x4x4", "log_variance.bias 5",
                      "expand.weight 5x8x4x4", "expand.bias 8", "decoder.0.weight 8x4x4x4", "decoder.0.bias 4",
                      "decoder.1.weight 4x3x4x4", "decoder.1.bias 3", "log_noise 1"});
}

TEST_CASE("vae: training, encoder and decoder bind to one store") {
  for (const std::int64_t side : {8, 32, 64})
    for (const auto likelihood : {Likelihood::bernoulli, Likelihood::gaussian}) {
      const VaeConfig config{.side = side, .base = 2, .latent = 3, .likelihood = likelihood};
      Graph training, encoder, decoder;
      const VaeTerms terms =
          vae_terms(training, training.input("x", {4, 1, side, side}), training.input("noise", {4, 3, 1, 1}), config);
      CHECK(terms.reconstruction.shape() == Shape{4});
      CHECK(terms.kl.shape() == Shape{4});
      const VaePosterior posterior = vae_encode(encoder, encoder.input("x", {5, 1, side, side}), config);
      CHECK(posterior.mean.shape() == Shape{5, 3, 1, 1});
      CHECK(posterior.log_variance.shape() == Shape{5, 3, 1, 1});
      CHECK(vae_decode(decoder, decoder.input("z", {6, 3, 1, 1}), config).shape() == Shape{6, 1, side, side});
      CHECK(declared(training) == declared(encoder));
      CHECK(declared(training) == declared(decoder));
    }
}

TEST_CASE("vae: a residual net has blocks, norms where wanted, and running statistics with batch norm alone") {
  const auto shapes = [](VaeConfig config) {
    config.side = 8;
    config.base = 4;
    config.latent = 5;
    config.channels = 3;
    config.block = VaeConfig::Block::residual;
    Graph graph;
    vae_decode(graph, graph.input("z", {2, 5, 1, 1}), config);
    std::vector<std::string> all;
    for (const Variable& variable : graph.variables())
      all.push_back(variable.name + " " + to_string(variable.type.shape));
    return all;
  };
  CHECK(shapes({}) == std::vector<std::string>{"encoder.stem.weight 4x3x3x3",
                                               "encoder.stem.bias 4",
                                               "encoder.blocks.0.conv1.weight 4x4x3x3",
                                               "encoder.blocks.0.conv1.bias 4",
                                               "encoder.blocks.0.conv2.weight 4x4x3x3",
                                               "encoder.blocks.0.conv2.bias 4",
                                               "encoder.blocks.0.shortcut.weight 4x4x1x1",
                                               "encoder.blocks.0.shortcut.bias 4",
                                               "mean.weight 5x4x4x4",
                                               "mean.bias 5",
                                               "log_variance.weight 5x4x4x4",
                                               "log_variance.bias 5",
                                               "expand.weight 5x4x4x4",
                                               "expand.bias 4",
                                               "decoder.blocks.0.conv1.weight 4x4x3x3",
                                               "decoder.blocks.0.conv1.bias 4",
                                               "decoder.blocks.0.conv2.weight 4x4x3x3",
                                               "decoder.blocks.0.conv2.bias 4",
                                               "decoder.head.weight 3x4x3x3",
                                               "decoder.head.bias 3"});
  const std::size_t without = shapes({}).size();
  // Six norms instead of the biases of seven convolutions.
  CHECK(shapes({.norm = NormKind::group}).size() == without + 6 * 2 - 7);
  CHECK(shapes({.norm = NormKind::batch}).size() == without + 6 * 4 - 7);
  Graph graph;
  CHECK(contains(error_of([&] {
                   vae_decode(graph, graph.input("z", {2, 5, 1, 1}), {.latent = 5, .norm = NormKind::group});
                 }),
                 "norms go with residual blocks"));
}

TEST_CASE("vae: all variants' training, encoder and decoder bind to one store") {
  for (const auto block : {VaeConfig::Block::plain, VaeConfig::Block::residual})
    for (const auto norm : {NormKind::none, NormKind::group, NormKind::batch, NormKind::instance}) {
      if (block == VaeConfig::Block::plain && norm != NormKind::none) continue;
      const VaeConfig config{.side = 16, .base = 2, .latent = 3, .block = block, .norm = norm, .classes = 4};
      Graph training, encoder, decoder;
      const auto classes = [](Graph& graph, std::int64_t batch) { return graph.input("classes", {batch, 4, 1, 1}); };
      const VaeTerms terms =
          vae_terms(training, training.input("x", {4, 1, 16, 16}), training.input("noise", {4, 3, 1, 1}), config,
                    {.classes = classes(training, 4), .training = true});
      CHECK(terms.twice_kl.shape() == Shape{4, 3, 1, 1});
      vae_encode(encoder, encoder.input("x", {5, 1, 16, 16}), config, {.classes = classes(encoder, 5)});
      CHECK(vae_decode(decoder, decoder.input("z", {6, 3, 1, 1}), config, {.classes = classes(decoder, 6)}).shape() ==
            Shape{6, 1, 16, 16});
      CHECK(declared(training) == declared(encoder));
      CHECK(declared(training) == declared(decoder));
    }
}

TEST_CASE("vae: a conditional net wants classes, another none") {
  const auto refusal = [](const VaeConfig& config, bool told) {
    Graph graph;
    const Value z = graph.input("z", {2, 16, 1, 1}), classes = graph.input("classes", {2, 3, 1, 1});
    return error_of([&] { vae_decode(graph, z, config, {.classes = told ? classes : Value{}}); });
  };
  CHECK(contains(refusal({.classes = 3}, false), "one of 3 classes: say which"));
  CHECK(contains(refusal({}, true), "knows no classes"));
  CHECK(contains(refusal({.classes = 4}, true), "takes 2x4x1x1"));
  CHECK(refusal({.classes = 3}, true).empty());
}

TEST_CASE("vae: sides that can't be halved to 4 and inputs of other shapes are refused") {
  CHECK(vae_takes(8));
  CHECK(vae_takes(128));
  for (const std::int64_t side : {1, 4, 12, 28, 33}) CHECK_FALSE(vae_takes(side));
  CHECK(vae_side_from(28) == 32);
  CHECK(vae_side_from(32) == 32);
  CHECK(vae_side_from(1) == 8);
  Graph graph;
  const Value x = graph.input("x", {2, 1, 28, 28});
  CHECK(contains(error_of([&] { vae_encode(graph, x, {.side = 28}); }), "side 28 must be 8, 16, 32"));
  CHECK(contains(error_of([&] { vae_encode(graph, x, {.side = 32}); }), "the net takes 2x1x32x32"));
  CHECK(contains(error_of([&] { vae_decode(graph, x, {.side = 32}); }), "the net takes 2x16x1x1"));
}
