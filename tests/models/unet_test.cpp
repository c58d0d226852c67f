#include "models/unet.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "base/error.h"
#include "support/model_check.h"

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

const Config kPaper{.padding = Padding::valid, .norm = NormKind::none};

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
  for (const auto norm : {NormKind::batch, NormKind::group, NormKind::instance, NormKind::none}) {
    Graph graph;
    unet(graph, graph.input("x", {1, 1, 8, 8}), {.base = 4, .depth = 1, .norm = norm}, true);
    CHECK(names(graph, "parameters").count("encoder.0.conv1.bias") == (norm == NormKind::none ? 1 : 0));
    CHECK(names(graph, "parameters").count("head.bias") == 1);
  }
}

TEST_CASE("unet: every variant keeps the size with same padding, in training and inference alike") {
  for (const auto up : {Upsampling::transpose, Upsampling::bilinear, Upsampling::nearest})
    for (const auto down : {Config::Down::pool, Config::Down::stride})
      for (const auto skip : {Config::Skip::concat, Config::Skip::add, Config::Skip::none})
        for (const auto norm : {NormKind::batch, NormKind::group, NormKind::instance, NormKind::none}) {
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
  for (const auto padding : {Padding::same, Padding::valid})
    for (std::int64_t depth = 1; depth <= 3; ++depth) {
      const Config config{.base = 2, .depth = depth, .padding = padding, .norm = NormKind::none};
      int fitting = 0;
      for (std::int64_t size = 1; size < 120; ++size) {
        const std::int64_t told = unet_axis(config).output_size(size);
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
        }) == "unet: the net can't take an extent of 100 (x is 1x1x100x96); the nearest that it can: 96 or 112");
  CHECK(message_of([] {
          output_shape({.base = 4, .depth = 4}, {1, 1, 3, 16});
        }).find("that it can: 16") != std::string::npos);
  CHECK(message_of([] { output_shape(kPaper, {1, 1, 570, 570}); }).find("556 or 572") != std::string::npos);
  CHECK(message_of([] {
          output_shape({.in_channels = 3, .base = 4}, {1, 1, 16, 16});
        }).find("the net takes (N, 3, H, W)") != std::string::npos);
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
  CHECK(unet_axis({.depth = 4}).alignment() == 16);
  CHECK(unet_axis({.depth = 4}).receptive_radius() == 107);
  CHECK(unet_axis({.depth = 3}).receptive_radius() > unet_axis({.depth = 2}).receptive_radius());
  CHECK(unet_axis({.depth = 3, .up = Upsampling::bilinear}).receptive_radius() >
        unet_axis({.depth = 3}).receptive_radius());
}

// What the formula of sums says: two 3x3 convolutions on both ways at each level, windows, interpolation.
TEST_CASE("unet: the radius by tracing taps is the sum over levels") {
  for (std::int64_t depth = 1; depth <= 4; ++depth)
    for (const auto padding : {Padding::same, Padding::valid}) {
      const std::int64_t bottom = std::int64_t{1} << depth, sum = 2 * bottom + 5 * (bottom - 1);
      const Config config{.depth = depth, .padding = padding};
      CHECK(unet_axis(config).receptive_radius() == sum);
      Config smooth = config;
      smooth.up = Upsampling::bilinear;
      CHECK(unet_axis(smooth).receptive_radius() <= sum + 2 * (bottom - 1));
      CHECK(unet_axis(smooth).receptive_radius() > sum);
    }
}

TEST_CASE("unet: at every rank, block and option the extents stay and gradients reach all parameters") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const auto block : {Config::Block::plain, Config::Block::residual, Config::Block::separable})
      for (const auto padding : {Padding::same, Padding::valid})
        for (const bool attention : {false, true}) {
          const Config config{.in_channels = 2,
                              .out_channels = 3,
                              .base = 2,
                              .depth = 2,
                              .padding = padding,
                              .norm = NormKind::group,
                              .rank = rank,
                              .block = block,
                              .attention = attention,
                              .coordinates = true,
                              .deep_supervision = 1,
                              .dropout = 0.2f};
          const std::int64_t side = unet_axis(config).nearest_sizes(7).second,
                             out = unet_axis(config).output_size(side);
          const auto image = [&](std::int64_t channels, std::int64_t extent) {
            std::vector<std::int64_t> extents = {1, channels};
            extents.resize(static_cast<std::size_t>(rank + 2), extent);
            return Shape(extents);
          };
          Graph graph, inference;
          const Value state = graph.input("state", {3}, DType::i32);
          const UNetOutputs outputs = unet_outputs(graph, graph.input("x", image(2, side)), config, true, state);
          CHECK(outputs.logits.shape() == image(3, out));
          REQUIRE(outputs.lower.size() == 1);
          CHECK(outputs.lower[0].shape()[1] == 3);
          test::check_gradients_reach_all(graph, {outputs.logits, outputs.lower[0]});
          unet(inference, inference.input("x", image(2, side)), config, false);
          CHECK(test::declared(graph) == test::declared(inference));
        }
}

TEST_CASE("unet: flat levels leave z alone, in extents, kernels and geometry") {
  const Config config{.base = 4, .depth = 3, .rank = 3, .flat_levels = 2};
  CHECK(output_shape(config, {1, 1, 6, 16, 8}) == Shape{1, 1, 6, 16, 8});
  CHECK(unet_axis(config, 0).output_size(6) == 6);
  CHECK(unet_axis(config, 1).output_size(6) == 0);
  CHECK(unet_axis(config, 0).alignment() == 2);
  CHECK(unet_axis(config, 2).alignment() == 8);
  CHECK(unet_axis(config, 0).receptive_radius() == 2 * 2 + 5);  // as a depth of 1
  CHECK(unet_axis(config, 1).receptive_radius() == 2 * 8 + 5 * 7);
  Graph graph;
  unet(graph, graph.input("x", {1, 1, 4, 8, 8}), config, true);
  const auto declared = test::declared(graph);
  const auto has = [&](const char* text) { return std::ranges::count(declared, text) == 1; };
  CHECK(has("encoder.1.conv2.weight 8x8x1x3x3"));
  CHECK(has("encoder.2.conv1.weight 16x8x3x3x3"));
  CHECK(has("up.2.weight 32x16x2x2x2"));
  CHECK(has("up.1.weight 16x8x1x2x2"));
  CHECK(message_of([&] {
          output_shape(config, {1, 1, 5, 16, 8});
        }) == "unet: the net can't take an extent of 5 (x is 1x1x5x16x8); the nearest that it can: 4 or 6");
}

TEST_CASE("unet: parameters of variants by hand") {
  const auto count = [](Config config) {
    config.norm = NormKind::none;
    config.base = 4;
    config.depth = 1;
    Graph graph;
    unet(graph, graph.input("x", {1, 1, 8, 8}), config, false);
    return parameters(graph);
  };
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t taps) { return in * out * taps + out; };
  const std::int64_t up = conv(8, 4, 4), head = conv(4, 1, 1);
  const std::int64_t plain =
      conv(1, 4, 9) + conv(4, 4, 9) + conv(4, 8, 9) + conv(8, 8, 9) + conv(8, 4, 9) + conv(4, 4, 9);
  CHECK(count({}) == plain + up + head);
  CHECK(count({.block = Config::Block::residual}) == plain + conv(1, 4, 1) + conv(4, 8, 1) + conv(8, 4, 1) + up + head);
  CHECK(count({.coordinates = true}) == plain + 2 * 4 * 9 + up + head);
  CHECK(count({.attention = true}) == plain + up + head + 2 * 4 * 4 + conv(8, 2, 1) + conv(2, 1, 1));
  CHECK(count({.activation = ActivationKind::prelu}) == plain + up + head + 4 + 4 + 8 + 8 + 4 + 4);
  CHECK(count({.up = Upsampling::pixel_shuffle}) == plain + conv(8, 16, 1) + head);
}

TEST_CASE("unet: contradicting fields are refused") {
  const auto told = [](const Config& config) { return message_of([&] { output_shape(config, {1, 1, 16, 16}); }); };
  CHECK(told({.rank = 4}).find("rank 4 must be 1, 2 or 3") != std::string::npos);
  CHECK(told({.rank = 3}).find("the net takes (N, 1, D, H, W)") != std::string::npos);
  CHECK(told({.flat_levels = 1}).find("only stacks (rank 3)") != std::string::npos);
  CHECK(told({.depth = 2, .deep_supervision = 2}).find("a depth of 2 has 1") != std::string::npos);
  CHECK(told({.skip = Config::Skip::none, .attention = true}).find("need skip connections") != std::string::npos);
  CHECK(message_of([] {
          output_shape({.dropout = 0.5f}, {1, 1, 16, 16}, true);
        }).find("random state") != std::string::npos);
}
