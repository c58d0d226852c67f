#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/constants_cases.h"
#include "support/op_check.h"

namespace tuff::test {

namespace {

std::vector<double> values(Graph& graph, Value value) {
  return to_array(*graph.info(value).source.data).data;
}

}  // namespace

TEST_CASE("constants: one_hot, tril and triu") {
  for (const OpCase& op_case : constants_cases()) check(op_case);
}

TEST_CASE("constants: arange and eye") {
  Graph graph;
  using Numbers = std::vector<double>;
  CHECK(values(graph, arange(graph, 0, 3)) == Numbers{0, 1, 2});
  CHECK(values(graph, arange(graph, 1, 2.1, 0.5)) == Numbers{1, 1.5, 2});
  CHECK(values(graph, arange(graph, 5, -1, -2, DType::i32)) == Numbers{5, 3, 1});
  CHECK(arange(graph, 5, -1, -2, DType::i32).dtype() == DType::i32);
  CHECK(values(graph, eye(graph, 2, 3)) == Numbers{1, 0, 0, 0, 1, 0});
  CHECK(values(graph, eye(graph, 2, 3, 1)) == Numbers{0, 1, 0, 0, 0, 1});
  CHECK(values(graph, eye(graph, 2, 2, -1)) == Numbers{0, 0, 1, 0});
}

TEST_CASE("constants refuse what has no elements or no sense") {
  Graph graph;
  CHECK_THROWS_WITH_AS(arange(graph, 3, 3),
                       "arange: 3 to 3 in steps of 1 as f32 isn't a sequence of 1 to 2^31 f32 or i32 numbers", Error);
  CHECK_THROWS_AS(arange(graph, 0, 1, 0), Error);
  CHECK_THROWS_WITH_AS(tril(graph.input("x", {3})), "tril: x must have two axes or more, got f32 3", Error);
  CHECK_THROWS_WITH_AS(one_hot(graph.input("floats", {3}), 4),
                       "one_hot: labels (f32 3) must be i32, num_classes (4) lie between 1 and 2^24", Error);
  CHECK_THROWS_AS(one_hot(graph.input("labels", {3}, DType::i32), 0), Error);
  CHECK_THROWS_AS(one_hot(graph.input("more", {3}, DType::i32), 3, 2), Error);
}

}  // namespace tuff::test
