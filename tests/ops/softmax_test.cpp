#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/softmax_cases.h"

namespace tuff::test {

TEST_CASE("softmax") {
  for (const OpCase& op_case : softmax_cases()) check(op_case);
}

TEST_CASE("softmax of large logits neither overflows nor loses the small ones") {
  for (const bool log : {false, true}) {
    OpCase large = softmax_case("large logits", {1, 3, 1, 2}, 1, log);
    Array logits({1, 3, 1, 2});
    logits.data = {1000, -500, 999, -501, -1000, -540};
    large.inputs[0].values = logits;
    large.tolerance = 1e-6;
    large.check_gradient = false;
    check(large);
  }
}

TEST_CASE("softmax refuses axes that aren't there") {
  Graph graph;
  CHECK_THROWS_AS(softmax(graph.input("x", {1, 4, 4, 4}), 4), Error);
  CHECK_THROWS_AS(softmax(graph.input("vector", {4})), Error);
}

}  // namespace tuff::test
