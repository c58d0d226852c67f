#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/expand_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("expand: every element comes from its place") {
  for (const OpCase& op_case : expand_cases()) check(op_case);
}

TEST_CASE("expand: shapes that don't fit are refused") {
  Graph graph;
  const Value x = graph.input("x", {2, 3});
  CHECK_THROWS_WITH_AS(expand(x, {4, 3}), doctest::Contains("doesn't broadcast to 4x3"), Error);
  CHECK_THROWS_AS(expand(x, {3}), Error);
  CHECK_THROWS_AS(expand(x, {2, 3, 4}, std::vector<int>{1, 0}), Error);
  CHECK(expand(x, {2, 3}) == x);
}

}  // namespace tuff::test
