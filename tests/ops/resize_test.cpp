#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/resize_cases.h"

namespace tuff::test {

TEST_CASE("resize") {
  for (const OpCase& op_case : resize_cases()) check(op_case);
}

TEST_CASE("resize refuses what it can't mean") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 4, 4});
  CHECK_THROWS_AS(resize(x, {}), Error);
  CHECK_THROWS_AS(resize(x, {.size = {8}, .scale = {2}}), Error);
  CHECK_THROWS_AS(resize(x, {.size = {8, 8, 8}}), Error);
  CHECK_THROWS_AS(resize(x, {.scale = {0.1}}), Error);
  CHECK_THROWS_AS(resize(x, {.size = {8}, .align_corners = true}), Error);
  CHECK_THROWS_AS(resize(graph.input("flat", {4, 4}), {.scale = {2}}), Error);
}

}  // namespace tuff::test
