#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/cross_entropy_cases.h"

namespace tuff::test {

TEST_CASE("cross_entropy") {
  for (const OpCase& op_case : cross_entropy_cases()) check(op_case);
}

TEST_CASE("cross_entropy keeps its digits over many pixels") {
  OpCase large = cross_entropy_case("many pixels", {1, 3, 512, 512}, {DType::i32, {1, 1, 512, 512}}, true);
  large.check_gradient = false;
  large.tolerance = 1e-6;
  check(large);
}

TEST_CASE("a class that doesn't exist makes the loss NaN") {
  OpCase wrong = cross_entropy_case("a class too many", {1, 3, 2, 2}, {DType::i32, {1, 2, 2}}, false);
  Array classes({1, 2, 2});
  classes.data = {0, 1, 2, 3};
  wrong.inputs[1].values = classes;
  wrong.reference = [](std::span<const Array>) {
    return std::vector<Array>{Array(Shape{}, std::numeric_limits<double>::quiet_NaN())};
  };
  wrong.check_gradient = false;
  check(wrong);
}

TEST_CASE("cross_entropy refuses targets that don't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 4, 5});
  CHECK_THROWS_AS(cross_entropy(x, graph.input("turned", {1, 5, 4}, DType::i32)), Error);
  CHECK_THROWS_AS(cross_entropy(x, graph.input("f32", {1, 4, 5})), Error);
  CHECK_THROWS_AS(cross_entropy(x, graph.input("t", {1, 4, 5}, DType::i32), {}, graph.input("w", {4})), Error);
}

}  // namespace tuff::test
