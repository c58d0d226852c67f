#include <doctest/doctest.h>

#include <numeric>

#include "base/error.h"
#include "cases/pixel_shuffle_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("pixel_shuffle") {
  for (const OpCase& op_case : shuffle_cases(pixel_shuffle_case)) check(op_case);
}

TEST_CASE("pixel_unshuffle") {
  for (const OpCase& op_case : shuffle_cases(pixel_unshuffle_case)) check(op_case);
}

TEST_CASE("pixel_shuffle: depth_to_space and space_to_depth") {
  for (const OpCase& op_case : shuffle_cases(depth_to_space_case)) check(op_case);
  for (const OpCase& op_case : shuffle_cases(space_to_depth_case)) check(op_case);
}

TEST_CASE("pixel_shuffle: ONNX's modes and refusals") {
  Graph graph;
  const Value x = graph.input("x", {2, 8, 4, 6});
  CHECK(graph.producer(depth_to_space(x, 2, DepthMode::crd))->op->name() == "pixel_shuffle");
  CHECK(graph.producer(space_to_depth(x, 2, DepthMode::crd))->op->name() == "pixel_unshuffle");
  CHECK(depth_to_space(graph.input("labels", {1, 4, 2}, DType::i32), 2).shape() == Shape{1, 2, 4});
  CHECK_THROWS_WITH_AS(depth_to_space(x, 3),
                       "depth_to_space: x (f32 2x8x4x6) isn't made of blocks of 3 along each spatial axis", Error);
  CHECK_THROWS_WITH_AS(space_to_depth(x, 3),
                       "space_to_depth: x (f32 2x8x4x6) isn't made of blocks of 3 along each spatial axis", Error);
  CHECK_THROWS_AS(space_to_depth(x, 0), Error);
  CHECK_THROWS_WITH_AS(depth_to_space(graph.input("flat", {2, 8}), 2),
                       "depth_to_space: x must be (N, C, 1 to 3 spatial axes), got f32 2x8", Error);
}

TEST_CASE("pixel_shuffle orders pixels as PyTorch does") {
  OpCase counted = pixel_shuffle_case("counted", {1, 2, 2, 4}, 2);
  Array x({1, 8, 1, 2});
  std::iota(x.data.begin(), x.data.end(), 0);
  counted.inputs[0].values = x;
  counted.reference = [](std::span<const Array>) {
    Array y({1, 2, 2, 4});
    y.data = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15};
    return std::vector<Array>{y};
  };
  counted.check_gradient = false;
  check(counted);
}

TEST_CASE("pixel_unshuffle undoes pixel_shuffle") {
  OpCase there_and_back = pixel_shuffle_case("there and back", {2, 3, 4, 6}, 2);
  there_and_back.build = [](Graph&, std::span<const Value> x) {
    return std::vector<Value>{pixel_unshuffle(pixel_shuffle(x[0], 2), 2)};
  };
  there_and_back.reference = [](std::span<const Array> x) { return std::vector<Array>{x[0]}; };
  check(there_and_back);
}

TEST_CASE("pixel_shuffle and pixel_unshuffle refuse what they can't divide, naming it") {
  Graph graph;
  const Value x = graph.input("x", {1, 6, 4, 9});
  CHECK_THROWS_WITH_AS(pixel_shuffle(x, 2),
                       "pixel_shuffle: x (f32 1x6x4x9) has 6 channels, must have a multiple of 4 for upscale_factor 2",
                       Error);
  CHECK_THROWS_WITH_AS(
      pixel_unshuffle(x, 2),
      "pixel_unshuffle: x (f32 1x6x4x9) has extent 9 on axis 3, must be a multiple of downscale_factor 2", Error);
  CHECK_THROWS_WITH_AS(pixel_shuffle(x, 0), "pixel_shuffle: upscale_factor is 0, must lie between 1 and 65535", Error);
  CHECK_THROWS_AS(pixel_unshuffle(x, -1), Error);
  CHECK_THROWS_AS(pixel_shuffle(x, std::int64_t{1} << 40), Error);
  CHECK_THROWS_AS(pixel_shuffle(graph.input("flat", {4, 4}), 2), Error);
  CHECK_THROWS_AS(pixel_shuffle(graph.input("labels", {1, 4, 4, 4}, DType::i32), 2), Error);
}

}  // namespace tuff::test
