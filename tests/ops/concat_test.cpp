#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/concat_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("concat") {
  for (const OpCase& op_case : concat_cases()) check(op_case);
}

TEST_CASE("concat: stack") {
  for (const OpCase& op_case : stack_cases()) check(op_case);
}

TEST_CASE("concat: stack refuses what differs") {
  Graph graph;
  const Value a = graph.input("a", {2, 3});
  CHECK_THROWS_WITH_AS(stack({a, graph.input("b", {3, 2})}),
                       "stack: f32 2x3 and f32 3x2 differ; all must have one shape", Error);
  CHECK_THROWS_WITH_AS(stack({a, a}, 3), "stack: axis 3 for f32 2x3; must lie between -3 and 2", Error);
  CHECK_THROWS_AS(stack({}), Error);
}

TEST_CASE("concat refuses shapes that differ elsewhere, naming them") {
  Graph graph;
  const Value a = graph.input("a", {1, 4, 28, 28});
  const Value b = graph.input("b", {1, 4, 32, 32});
  CHECK_THROWS_WITH_AS(concat({a, b}),
                       "concat: f32 1x4x28x28 and f32 1x4x32x32 differ in more than axis 1; crop or pad one of them",
                       Error);
  CHECK_THROWS_AS(concat({a, a}, 4), Error);
  CHECK_THROWS_AS(concat({}), Error);
  CHECK(concat({a}) == a);
}

}  // namespace tuff::test
