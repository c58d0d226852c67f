#include "ops/adam.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/adam_cases.h"
#include "support/optimizer_check.h"

namespace tuff::test {

TEST_CASE("adam: five steps follow PyTorch's formulas") {
  check_optimizer("adam", adam_cases(), 1e-6);
}

TEST_CASE("adam: vectors of another length are refused") {
  Graph graph;
  graph.parameter("p", {100}, Initializer::constant(0));
  const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements});
  CHECK_THROWS_WITH_AS(adam(arena, graph.input("g", {64}), graph.arena("m"), graph.arena("v"), state),
                       doctest::Contains("shape 128"), Error);
  CHECK_THROWS_AS(adam(arena, graph.arena("g"), graph.arena("m"), graph.arena("v"), graph.input("s", {2})), Error);
}

}  // namespace tuff::test
