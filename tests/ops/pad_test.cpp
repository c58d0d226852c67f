#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/pad_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("pad") {
  for (const OpCase& op_case : pad_cases()) check(op_case);
}

TEST_CASE("pad keeps the bits of integers") {
  for (OpCase integers : {pad_case("integers", {2, 3, 4, 5}, {1, 2}, {0, -1}, PadMode::constant, -7),
                          pad_case("wrapped integers", {2, 4, 4, 5}, {1, 2}, {0, -1}, PadMode::circular)}) {
    integers.inputs[0].type.dtype = DType::i32;
    integers.inputs[0].fill = Fill::labels;
    integers.inputs[0].label_count = 1 << 30;
    integers.tolerance = 0;
    check(integers);
  }
}

TEST_CASE("pad refuses borders that a mode can't fill") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 8, 8});
  CHECK_THROWS_WITH_AS(pad(x, {8, 0}, {0, 0}, PadMode::reflect),
                       "pad: 8 before and 0 after on axis 2 of f32 1x4x8x8 is out of range for mode reflect", Error);
  CHECK_THROWS_WITH_AS(pad(x, {0, 9}, {0, 0}, PadMode::circular),
                       "pad: 9 before and 0 after on axis 3 of f32 1x4x8x8 is out of range for mode circular", Error);
  CHECK_THROWS_WITH_AS(pad(x, {0, 6}, {0, -3}, PadMode::circular),
                       "pad: 6 before and 0 after on axis 3 of f32 1x4x8x5 is out of range for mode circular", Error);
  CHECK_THROWS_AS(pad(x, {-9, 0}, {3, 0}, PadMode::replicate), Error);
  CHECK_THROWS_AS(pad(x, {-4, 0}, {-4, 0}), Error);
  CHECK_THROWS_AS(pad(x, {1, 1, 1}, {1, 1, 1}), Error);
}

}  // namespace tuff::test
