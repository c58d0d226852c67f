#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/permute_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("permute: every axis comes from its place") {
  for (const OpCase& op_case : permute_cases()) check(op_case);
}

TEST_CASE("permute keeps the bits of integers") {
  OpCase integers = permute_case({8, 12, 4}, {2, 0, 1});
  integers.inputs[0].type.dtype = DType::i32;
  integers.inputs[0].fill = Fill::labels;
  integers.inputs[0].label_count = 1 << 30;
  check(integers);
}

TEST_CASE("permute: transpose swaps two axes") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4, 5});
  CHECK(transpose(x, 1, -1).shape() == Shape{2, 5, 4, 3});
  CHECK(permute(x, {0, -1, 1, 2}).shape() == Shape{2, 5, 3, 4});
  CHECK(permute(x, {0, 1, 2, 3}) == x);
  CHECK(graph.producer(transpose(graph.input("row", {1, 7}), 0, 1))->op->name() == "view");
}

TEST_CASE("permute refuses what isn't an order of the axes, naming it") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4});
  CHECK_THROWS_WITH_AS(permute(x, {0, 1, 1}), "permute: dims 0,1,1 of x (f32 2x3x4) must name each of its 3 axes once",
                       Error);
  CHECK_THROWS_AS(permute(x, {0, 1}), Error);
  CHECK_THROWS_AS(permute(x, {0, 1, 3}), Error);
  CHECK_THROWS_AS(permute(x, {0, 1, -4}), Error);
  CHECK_THROWS_WITH_AS(transpose(x, 0, 3), "transpose: axis 3 of x (f32 2x3x4) must lie between -3 and 2", Error);
  CHECK_THROWS_AS(permute(graph.input("many", {1, 1, 1, 1, 1, 1, 1, 1, 1}), {8, 7, 6, 5, 4, 3, 2, 1, 0}), Error);
}

}  // namespace tuff::test
