#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/dice_loss_cases.h"

namespace tuff::test {

TEST_CASE("dice_loss") {
  for (const OpCase& op_case : dice_loss_cases()) check(op_case);
}

TEST_CASE("dice_loss refuses targets that don't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 4, 5});
  CHECK_THROWS_AS(dice_loss(x, graph.input("f32", {1, 4, 5})), Error);
  CHECK_THROWS_AS(dice_loss(x, graph.input("turned", {1, 5, 4}, DType::i32)), Error);
}

}  // namespace tuff::test
