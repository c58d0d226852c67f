#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/dice_loss_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("dice_loss") {
  for (const OpCase& op_case : dice_loss_cases()) check(op_case);
}

TEST_CASE("dice_loss: Tversky's, and weighted ones") {
  for (const OpCase& op_case : tversky_loss_cases()) check(op_case);
}

TEST_CASE("dice_loss refuses targets that don't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 4, 5});
  CHECK_THROWS_AS(dice_loss(x, graph.input("f32", {1, 4, 5})), Error);
  CHECK_THROWS_AS(dice_loss(x, graph.input("turned", {1, 5, 4}, DType::i32)), Error);
  const Value t = graph.input("t", {1, 4, 5}, DType::i32);
  CHECK_THROWS_WITH_AS(tversky_loss(x, t, {}, graph.input("w", {2, 1, 4, 5})),
                       doctest::Contains("weight (f32 2x1x4x5) is larger"), Error);
  CHECK_THROWS_WITH_AS(tversky_loss(x, graph.input("other", {1, 4, 5})),
                       doctest::Contains("tversky_loss: x (f32 1x3x4x5)"), Error);
}

}  // namespace tuff::test
