#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/bce_with_logits_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("bce_with_logits") {
  for (const OpCase& op_case : bce_with_logits_cases()) check(op_case);
}

TEST_CASE("bce_with_logits keeps its digits over a million elements and at large logits") {
  OpCase large = bce_with_logits_case("a million", {1, 1, 1000, 1000}, false);
  large.check_gradient = false;
  large.tolerance = 1e-6;
  check(large);
  OpCase certain = bce_with_logits_case("certain", {1, 6}, false);
  Array logits({1, 6});
  logits.data = {20, -20, 9, -11, 40, -60};
  Array targets({1, 6});
  targets.data = {1, 0, 1, 0, 1, 0};
  certain.inputs[0].values = logits;
  certain.inputs[1].values = targets;
  certain.tolerance = 1e-6;
  certain.check_gradient = false;
  check(certain);
}

TEST_CASE("bce_with_logits refuses targets of another shape") {
  Graph graph;
  const Value x = graph.input("x", {1, 1, 4, 4});
  CHECK_THROWS_AS(bce_with_logits(x, graph.input("t", {1, 1, 4, 5})), Error);
  CHECK_THROWS_AS(bce_with_logits(x, graph.input("labels", {1, 1, 4, 4}, DType::i32)), Error);
  const Value t = graph.input("same", {1, 1, 4, 4});
  CHECK_THROWS_WITH_AS(bce_with_logits(x, t, graph.input("w", {2, 1, 4, 4})), doctest::Contains("larger than the loss"),
                       Error);
  CHECK_THROWS_WITH_AS(bce_with_logits(x, t, {}, graph.input("p", {3, 4, 4})),
                       doctest::Contains("pos_weight (f32 3x4x4)"), Error);
}

}  // namespace tuff::test
