#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/class_indicator_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("class_indicator") {
  for (const OpCase& op_case : class_indicator_cases()) check(op_case);
}

TEST_CASE("class_indicator: a class that doesn't exist is NaN, but for the ignored one") {
  OpCase wrong = class_indicator_case("a class too many, one too few", {1, 2, 3}, {DType::i32, {1, 3}}, -1);
  Array classes({1, 3}), expected({1, 2, 3});
  classes.data = {2, -1, 1};
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  expected.data = {kNaN, 0, 0, kNaN, 0, 1};
  wrong.inputs[0].values = classes;
  wrong.reference = [=](std::span<const Array>) { return std::vector<Array>{expected}; };
  check(wrong);
}

TEST_CASE("class_indicator refuses targets that don't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 4, 5});
  CHECK_THROWS_WITH_AS(class_indicator(graph.input("turned", {1, 5, 4}, DType::i32), x), doctest::Contains("i32 1x5x4"),
                       Error);
  CHECK_THROWS_AS(class_indicator(graph.input("f32", {1, 4, 5}), x), Error);
}

}  // namespace tuff::test
