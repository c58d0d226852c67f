#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/fill_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("fill: every element has the value") {
  for (const OpCase& op_case : fill_cases()) check(op_case);
}

TEST_CASE("fill: integers are refused") {
  Graph graph;
  CHECK_THROWS_AS(full(graph, {DType::i32, {4}}, 1), Error);
}

}  // namespace tuff::test
