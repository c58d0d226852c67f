#include "ops/sgd.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/sgd_cases.h"
#include "support/optimizer_check.h"

namespace tuff::test {

TEST_CASE("sgd: five steps follow PyTorch's formulas") {
  check_optimizer("sgd", sgd_cases(), 1e-6);
}

TEST_CASE("sgd: momentum without its buffer and Nesterov's without momentum are refused") {
  Graph graph;
  graph.parameter("p", {100}, Initializer::constant(0));
  const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements});
  CHECK_THROWS_AS(sgd(arena, graph.arena("g"), {}, state, {.momentum = 0.9}), Error);
  CHECK_THROWS_WITH_AS(sgd(arena, graph.arena("g"), {}, state, {.nesterov = true}), doctest::Contains("nesterov"),
                       Error);
}

}  // namespace tuff::test
