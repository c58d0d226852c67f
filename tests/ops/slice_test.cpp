#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/slice_cases.h"

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
  CHECK_THROWS_WITH_AS(slice(x, {0, 0, 0, 0}, {1, 4, 29, 28}), "slice: 0 to 29 on axis 2 is no range within f32 1x4x28x28", Error);
  CHECK_THROWS_AS(slice(x, {0, 0, 5, 0}, {1, 4, 5, 28}), Error);
  CHECK_THROWS_AS(slice(x, {0, 0}, {1, 4}), Error);
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
