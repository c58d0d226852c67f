#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/tile_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("tile and repeat_interleave") {
  for (const OpCase& op_case : tile_cases()) check(op_case);
}

TEST_CASE("tile keeps the bits of integers") {
  OpCase integers = tile_case({2, 3, 4, 5}, {1, 2, 3, 1});
  integers.inputs[0].type.dtype = DType::i32;
  integers.inputs[0].fill = Fill::labels;
  integers.inputs[0].label_count = 1 << 30;
  check(integers);
}

TEST_CASE("tile: repeats of all axes, each at least 1") {
  Graph graph;
  const Value x = graph.input("x", {2, 3});
  CHECK(tile(x, {1, 1}) == x);
  CHECK(tile(x, {}) == x);
  CHECK(repeat(x, {2, 1, 2}).shape() == Shape{2, 2, 6});
  CHECK(repeat_interleave(x, 1, 0) == x);
  CHECK_THROWS_WITH_AS(tile(x, {2, 0}), "tile: repeats 2,0 of x (f32 2x3) must be at least 1", Error);
  CHECK_THROWS_WITH_AS(repeat(x, {2}), "repeat: 1 numbers for the axes of x (f32 2x3); give one per axis", Error);
  CHECK_THROWS_WITH_AS(
      repeat_interleave(x, 0, 2),
      "repeat_interleave: 0 times along axis 2 of x (f32 2x3); the axis must lie between -2 and 1, repeats "
      "be at least 1",
      Error);
}

}  // namespace tuff::test
