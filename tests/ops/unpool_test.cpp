#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/unpool_cases.h"

namespace tuff::test {

TEST_CASE("max_unpool") {
  for (const OpCase& op_case : max_unpool_cases()) check(op_case);
}

TEST_CASE("max_unpool refuses a size that pooling wouldn't have come from") {
  Graph graph;
  const MaxPool pooled = max_pool(graph.input("x", {1, 4, 8, 8}));
  CHECK(max_unpool(pooled.output, pooled.indices, {}, {1, 4, 9, 8}).shape() == Shape{1, 4, 9, 8});
  CHECK_THROWS_AS(max_unpool(pooled.output, pooled.indices, {}, {1, 4, 10, 8}), Error);
  CHECK_THROWS_AS(max_unpool(pooled.output, pooled.output, {}, {1, 4, 8, 8}), Error);
}

}  // namespace tuff::test
