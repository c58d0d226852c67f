#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/mse_cases.h"

namespace tuff::test {

TEST_CASE("mse") {
  for (const OpCase& op_case : mse_cases()) check(op_case);
}

TEST_CASE("mse refuses shapes that would broadcast") {
  Graph graph;
  CHECK_THROWS_AS(mse(graph.input("x", {4, 3}), graph.input("t", {3})), Error);
}

}  // namespace tuff::test
