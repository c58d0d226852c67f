#include <doctest/doctest.h>

#include <cstdint>

#include "base/error.h"
#include "cases/slice_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("slice") {
  for (const OpCase& op_case : slice_cases()) check(op_case);
}

TEST_CASE("slice keeps the bits of integers") {
  OpCase integers = slice_case("integers", {2, 3, 4, 5}, {0, 1, 0, 1}, {2, 3, 3, 5});
  integers.inputs[0].type.dtype = DType::i32;
  integers.inputs[0].fill = Fill::labels;
  integers.inputs[0].label_count = 1 << 30;
  integers.tolerance = 0;
  check(integers);
}

TEST_CASE("slice refuses ranges outside of x, naming them") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 28, 28});
  CHECK_THROWS_WITH_AS(slice(x, {0, 0, 0, 0}, {1, 4, 29, 28}),
                       "slice: 0 to 29 on axis 2 is no range within f32 1x4x28x28", Error);
  CHECK_THROWS_AS(slice(x, {0, 0, 5, 0}, {1, 4, 5, 28}), Error);
  CHECK_THROWS_AS(slice(x, {0, 0}, {1, 4}), Error);
}

TEST_CASE("slice with steps") {
  for (const OpCase& op_case : step_cases()) check(op_case);
}

TEST_CASE("slice reads starts and ends as Python does") {
  Graph graph;
  const Value x = graph.input("x", {10});
  const auto attributes = [&](std::int64_t start, std::int64_t end, std::int64_t step) {
    return graph.producer(slice(x, {start}, {end}, {step}))->op->attributes();
  };
  CHECK(attributes(-3, 100, 1) == "starts=7 ends=10");
  CHECK(attributes(1, -1, 2) == "starts=1 ends=9 steps=2");
  CHECK(attributes(100, -100, -3) == "starts=9 ends=-1 steps=-3");
  CHECK(attributes(-1, 0, -1) == "starts=9 ends=0 steps=-1");
  CHECK(attributes(4, 5, -1000 + 2000) == "starts=4 ends=5");
  CHECK(attributes(2, INT64_MAX, INT64_MAX) == "starts=2 ends=3");
  CHECK(slice(x, {0}, {10}, {1}) == x);
  CHECK_THROWS_WITH_AS(slice(x, {5}, {2}, {1}), "slice: 5 to 2 on axis 0 is no range within f32 10", Error);
  CHECK_THROWS_WITH_AS(slice(x, {2}, {5}, {-2}), "slice: 2 to 5 in steps of -2 on axis 0 is no range within f32 10",
                       Error);
  CHECK_THROWS_WITH_AS(slice(x, {2}, {5}, {0}), "slice: the step on axis 0 of f32 10 is 0, must not be", Error);
  CHECK_THROWS_AS(slice(x, {2}, {5, 6}, {1}), Error);
}

TEST_CASE("slice: flip, narrow, select, split and chunk") {
  Graph graph;
  const Value x = graph.input("x", {2, 7, 1, 5});
  const auto attributes = [&](Value value) { return graph.producer(value)->op->attributes(); };
  CHECK(attributes(flip(x, {1, -1})) == "starts=0x6x0x4 ends=2x-1x1x-1 steps=1x-1x1x-1");
  CHECK(flip(x, {2}) == x);
  CHECK(attributes(narrow(x, 1, -3, 2)) == "starts=0x4x0x0 ends=2x6x1x5");
  CHECK(select(x, 1, -1).shape() == Shape{2, 1, 5});
  CHECK(select(graph.input("one", {3}), 0, 1).shape() == Shape{});
  const std::vector<Value> parts = split(x, {1, 4, 2}, 1);
  CHECK(parts.size() == 3);
  CHECK(attributes(parts[1]) == "starts=0x1x0x0 ends=2x5x1x5");
  const std::vector<Value> chunks = chunk(x, 3, -1);
  CHECK(chunks.size() == 3);
  CHECK(chunks[2].shape() == Shape{2, 7, 1, 1});
  CHECK(chunk(x, 4, -1).size() == 3);
  CHECK(chunk(x, 1).front() == x);
  CHECK_THROWS_WITH_AS(split(x, {3, 3}, 1), "split: sizes 3,3 don't fill axis 1 of x (f32 2x7x1x5)", Error);
  CHECK_THROWS_WITH_AS(narrow(x, 1, 6, 2), "narrow: 2 elements from 6 on axis 1 is no range within x (f32 2x7x1x5)",
                       Error);
  CHECK_THROWS_WITH_AS(select(x, 3, 5), "select: index 5 on axis 3 of x (f32 2x7x1x5) must lie between -5 and 4",
                       Error);
  CHECK_THROWS_WITH_AS(flip(x, {4}), "flip: axis 4 of x (f32 2x7x1x5) must lie between -4 and 3", Error);
  CHECK_THROWS_AS(chunk(x, 0), Error);
}

TEST_CASE("center_crop takes the middle") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 9, 8});
  CHECK(center_crop(x, {4, 4}).shape() == Shape{1, 4, 4, 4});
  CHECK(graph.producer(center_crop(x, {4, 4}))->op->attributes() == "starts=0x0x2x2 ends=1x4x6x6");
  CHECK(center_crop(x, {9, 8}) == x);
  CHECK_THROWS_AS(center_crop(x, {10, 8}), Error);
}

}  // namespace tuff::test
