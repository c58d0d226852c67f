#include "models/unet.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "base/error.h"

using namespace tuff;

namespace {

using Config = UNetConfig;

std::int64_t parameters(const Graph& graph) {
  std::int64_t count = 0;
  for (const Variable& variable : graph.variables())
    if (variable.arena == "parameters") count += variable.type.shape.elements();
  return count;
}

std::set<std::string> names(const Graph& graph, const std::string& arena) {
  std::set<std::string> result;
  for (const Variable& variable : graph.variables())
    if (variable.arena == arena) result.insert(variable.name);
  return result;
}

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Shape output_shape(const Config& config, Shape input, bool training = false) {
  Graph graph;
  return unet(graph, graph.input("x", std::move(input)), config, training).shape();
}

const Config kPaper{.padding = Config::Padding::valid, .norm = Config::Norm::none};

}  // namespace

TEST_CASE("unet: the paper's net turns 572x572 into 388x388 with 31,030,593 parameters") {
  Graph graph;
  const Value y = unet(graph, graph.input("x", {1, 1, 572, 572}), kPaper, true);
  CHECK(y.shape() == Shape{1, 1, 388, 388});
  CHECK(parameters(graph) == 31'030'593);
  CHECK(names(graph, "buffers").empty());
}

TEST_CASE("unet: names are those of the PyTorch module") {
  Graph graph;
  unet(graph, graph.input("x", {1, 1, 8, 8}), {.base = 4, .depth = 1}, true);
  CHECK(names(graph, "parameters") == std::set<std::string>{"encoder.0.conv1.weight",
                                                            "encoder.0.norm1.weight",
                                                            "encoder.0.norm1.bias",
                                                            "encoder.0.conv2.weight",
                                                            "encoder.0.norm2.weight",
                                                            "encoder.0.norm2.bias",
                                                            "bottom.conv1.weight",
                                                            "bottom.norm1.weight",
                                                            "bottom.norm1.bias",
                                                            "bottom.conv2.weight",
                                                            "bottom.norm2.weight",
                                                            "bottom.norm2.bias",
                                                            "up.0.weight",
                                                            "up.0.bias",
                                                            "decoder.0.conv1.weight",
                                                            "decoder.0.norm1.weight",
                                                            "decoder.0.norm1.bias",
                                                            "decoder.0.conv2.weight",
                                                            "decoder.0.norm2.weight",
                                                            "decoder.0.norm2.bias",
                                                            "head.weight",
                                                            "head.bias"});
  CHECK(names(graph, "buffers").count("decoder.0.norm2.running_var") == 1);
}

TEST_CASE("unet: convolutions have a bias exactly where no norm follows") {
  for (const auto norm : {Config::Norm::batch, Config::Norm::group, Config::Norm::instance, Config::Norm::none}) {
    Graph graph;
    unet(graph, graph.input("x", {1, 1, 8, 8}), {.base = 4, .depth = 1, .norm = norm}, true);
    CHECK(names(graph, "parameters").count("encoder.0.conv1.bias") == (norm == Config::Norm::none ? 1 : 0));
    CHECK(names(graph, "parameters").count("head.bias") == 1);
  }
}

TEST_CASE("unet: every variant keeps the size with same padding, in training and inference alike") {
  for (const auto up : {Config::Up::transpose, Config::Up::bilinear, Config::Up::nearest})
    for (const auto down : {Config::Down::pool, Config::Down::stride})
      for (const auto skip : {Config::Skip::concat, Config::Skip::add, Config::Skip::none})
        for (const auto norm : {Config::Norm::batch, Config::Norm::group, Config::Norm::instance, Config::Norm::none}) {
          const Config config{.in_channels = 2,
                              .out_channels = 3,
                              .base = 6,
                              .depth = 2,
                              .norm = norm,
                              .up = up,
                              .down = down,
                              .skip = skip};
          Graph training, inference;
          CHECK(unet(training, training.input("x", {2, 2, 16, 24}), config, true).shape() == Shape{2, 3, 16, 24});
          CHECK(unet(inference, inference.input("x", {1, 2, 32, 8}), config, false).shape() == Shape{1, 3, 32, 8});
          REQUIRE(training.variables().size() == inference.variables().size());
          for (std::size_t i = 0; i < training.variables().size(); ++i) {
            CHECK(training.variables()[i].name == inference.variables()[i].name);
            CHECK(training.variables()[i].offset == inference.variables()[i].offset);
          }
        }
}

TEST_CASE("unet: the output size that is told is the one that is built") {
  for (const auto padding : {Config::Padding::same, Config::Padding::valid})
    for (std::int64_t depth = 1; depth <= 3; ++depth) {
      const Config config{.base = 2, .depth = depth, .padding = padding, .norm = Config::Norm::none};
      int fitting = 0;
      for (std::int64_t size = 1; size < 120; ++size) {
        const std::int64_t told = unet_output_size(config, size);
        CAPTURE(size);
        if (told == 0) {
          CHECK_THROWS_AS(output_shape(config, {1, 1, size, size}), Error);
        } else {
          ++fitting;
          CHECK(output_shape(config, {1, 1, size, size}) == Shape{1, 1, told, told});
        }
      }
      CHECK(fitting > 0);
    }
}

TEST_CASE("unet: a size that doesn't fit is refused with the nearest ones that do") {
  CHECK(message_of([] {
          output_shape({.base = 4, .depth = 4}, {1, 1, 100, 96});
        }) == "unet: a size of 100 can't be halved 4 times; the nearest that can: 96 or 112");
  CHECK(message_of([] {
          output_shape({.base = 4, .depth = 4}, {1, 1, 3, 16});
        }).find("that can: 16") != std::string::npos);
  CHECK(message_of([] { output_shape(kPaper, {1, 1, 570, 570}); }).find("556 or 572") != std::string::npos);
  CHECK(message_of([] {
          output_shape({.in_channels = 3, .base = 4}, {1, 1, 16, 16});
        }).find("3 channels") != std::string::npos);
}

TEST_CASE("unet: He initialization by fan-in") {
  Graph graph;
  unet(graph, graph.input("x", {1, 3, 8, 8}), {.in_channels = 3, .base = 4, .depth = 1}, true);
  for (const Variable& variable : graph.variables()) {
    if (variable.name == "encoder.0.conv1.weight")
      CHECK(variable.initializer.standard_deviation == doctest::Approx(std::sqrt(2.0 / 27)));
    if (variable.name == "up.0.weight")
      CHECK(variable.initializer.standard_deviation == doctest::Approx(std::sqrt(2.0 / 8)));
    if (variable.name == "encoder.0.norm1.weight") CHECK(variable.initializer.value == 1);
  }
}

TEST_CASE("unet: what a tile has to see grows with the depth") {
  CHECK(unet_alignment({.depth = 4}) == 16);
  CHECK(unet_receptive_radius({.depth = 4}) == 107);
  CHECK(unet_receptive_radius({.depth = 3}) > unet_receptive_radius({.depth = 2}));
  CHECK(unet_receptive_radius({.depth = 3, .up = Config::Up::bilinear}) > unet_receptive_radius({.depth = 3}));
}
