#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/local_response_norm_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("local_response_norm") {
  for (const OpCase& op_case : local_response_norm_cases()) check(op_case);
}

TEST_CASE("local_response_norm refuses vectors and empty windows") {
  Graph graph;
  CHECK_THROWS_WITH_AS(local_response_norm(graph.input("x", {4})),
                       "local_response_norm: x must be (N, C, spatial...), got f32 4", Error);
  CHECK_THROWS_WITH_AS(local_response_norm(graph.input("y", {1, 4, 2}), {.size = 0}),
                       "local_response_norm: size 0 must be at least 1 and have 31 bits", Error);
}

}  // namespace tuff::test
