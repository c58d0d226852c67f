#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/rmsprop_cases.h"
#include "support/optimizer_check.h"

namespace tuff::test {
TEST_CASE("rmsprop: five steps follow PyTorch's formulas") {
  check_optimizer("rmsprop", rmsprop_cases(), 2e-6);
}

TEST_CASE("rmsprop: moments that are missing or too many are refused") {
  Graph graph;
  graph.parameter("p", {100}, Initializer::constant(0));
  const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements}),
              a = graph.arena("a");
  CHECK_THROWS_WITH_AS(rmsprop(arena, graph.arena("g"), {a}, state, {.momentum = 0.9}),
                       doctest::Contains("momentum (now 0.9)"), Error);
  CHECK_THROWS_AS(rmsprop(arena, graph.arena("g"), {a, {}, graph.arena("c")}, state), Error);
}

}  // namespace tuff::test
