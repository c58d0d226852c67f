#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/relayout_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("relayout: the values stay in every memory order") {
  for (const OpCase& op_case : relayout_cases()) check(op_case);
}

TEST_CASE("relayout: nothing is done where the order is right already; whole numbers are refused") {
  Graph graph;
  const Value x = graph.input("x", {4, 3, 2, 2}, DType::f32, Layout::weight);
  CHECK(relayout(x, Layout::weight) == x);
  const Value labels = graph.input("labels", {4, 3, 2, 2}, DType::i32);
  CHECK_THROWS_WITH_AS(relayout(labels, Layout::weight), doctest::Contains("one f32 tensor"), Error);
}

}  // namespace tuff::test
