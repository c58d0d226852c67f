#include "models/srresnet.h"

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/model_check.h"

using namespace tuff;
using namespace tuff::test;

TEST_CASE("srresnet: 2, 3, 4 and 8 times the extents, at every rank, with gradients for all parameters") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const std::int64_t upscale : {1, 2, 3, 4, 8}) {
      if (rank == 3 && upscale > 4) continue;
      std::vector<std::int64_t> extents = {2, 3};
      extents.resize(static_cast<std::size_t>(rank + 2), 6);
      Graph graph;
      const Value y = srresnet(graph, graph.input("x", Shape(extents)),
                               {.out_channels = 1, .features = 2, .blocks = 2, .upscale = upscale, .rank = rank}, true);
      extents = {2, 1};
      extents.resize(static_cast<std::size_t>(rank + 2), 6 * upscale);
      CHECK(y.shape() == Shape(extents));
      check_gradients_reach_all(graph, {y});
    }
}

TEST_CASE("srresnet: the paper's net has 1,549,462 parameters, the discriminator for 96 pixels 23,569,217") {
  Graph graph, judge;
  srresnet(graph, graph.input("x", {1, 3, 24, 24}), {}, false);
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t taps) { return in * out * taps + out; };
  const std::int64_t plain = 64 * 64 * 9, norm = 2 * 64;
  CHECK(parameter_count(graph) == conv(3, 64, 81) + 1 * 64 + 16 * (2 * (plain + norm) + 64) + plain + norm +
                                      2 * (conv(64, 256, 9) + 64) + conv(64, 3, 81));
  CHECK(names(graph).contains("blocks.15.act1.weight"));
  CHECK(names(graph).contains("up.1.act.weight"));
  CHECK(discriminator(judge, judge.input("x", {2, 3, 96, 96}), {}, true).shape() == Shape{2, 1});
  std::int64_t convolutions = conv(3, 64, 9), in = 64;
  for (const std::int64_t out : {64, 128, 128, 256, 256, 512, 512}) {
    convolutions += in * out * 9 + 2 * out;
    in = out;
  }
  CHECK(parameter_count(judge) == convolutions + conv(512 * 6 * 6, 1024, 1) + conv(1024, 1, 1));
  CHECK(names(judge).contains("discriminator.layers.3.conv2.weight"));
}

TEST_CASE("srresnet: gradients reach the discriminator's parameters, and through it the generator's") {
  Graph graph;
  const Value small = graph.input("x", {2, 1, 8, 8});
  const Value large =
      srresnet(graph, small, {.in_channels = 1, .out_channels = 1, .features = 2, .blocks = 1, .upscale = 2}, true);
  const Value score =
      discriminator(graph, large, {.in_channels = 1, .side = 16, .base = 2, .pairs = 2, .dense = 4}, true);
  check_gradients_reach_all(graph, {score});
}

TEST_CASE("srresnet: radius and refusals") {
  CHECK(srresnet_axis({.blocks = 16, .upscale = 1}).receptive_radius() == 4 + 33 + 4);
  // The last 9x9 counts half a pixel of the small image for each of its own, the second 3x3 too.
  CHECK(srresnet_axis({.blocks = 0, .upscale = 2}).receptive_radius() == 4 + 1 + 1 + 2);
  Graph graph;
  const Value x = graph.input("x", {1, 3, 8, 8});
  CHECK(contains(error_of([&] { srresnet(graph, x, {.upscale = 5}, false); }), "upscale 5 must be 1, 2, 3, 4 or 8"));
  CHECK(contains(error_of([&] { srresnet(graph, x, {.in_channels = 1}, false); }), "the net takes (N, 1, H, W)"));
  CHECK(contains(error_of([&] { srresnet(graph, x, {.features = 0}, false); }), "0 features"));
  CHECK(contains(error_of([&] {
                   srresnet(graph, x, {.out_channels = 1, .global_skip = SrResNetConfig::GlobalSkip::bilinear}, false);
                 }),
                 "3 channels to 1"));
  CHECK(contains(error_of([&] { discriminator(graph, x, {}, false); }), "1x3x8x8, the net takes a side of 96"));
}
