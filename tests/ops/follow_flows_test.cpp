#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/follow_flows_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("follow_flows") {
  for (const OpCase& op_case : follow_flows_cases()) check(op_case);
}

TEST_CASE("follow_flows: what isn't finite counts as 0, and no flow leaves the image") {
  OpCase op_case = follow_flows_case("wild", {1, 2, 4, 5}, 3);
  const double infinity = std::numeric_limits<double>::infinity();
  const double wild[] = {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, 3e38, -3e38, 1, 0};
  op_case.inputs[0].values =
      generate(Shape{1, 2, 4, 5}, [&](const Index& at) { return wild[(at[1] * 3 + at[2] * 5 + at[3]) % 7]; });
  check(op_case);
}

TEST_CASE("follow_flows refuses other shapes and negative steps") {
  Graph graph;
  const Value flows = graph.input("flows", {2, 2, 8, 9});
  CHECK_THROWS_WITH_AS(follow_flows(graph.input("three", {1, 3, 8, 8})),
                       "follow_flows: flows are f32 1x3x8x8, must be f32 (N, 2, H, W): dy and dx of each pixel", Error);
  CHECK_THROWS_AS(follow_flows(graph.input("volume", {1, 2, 8, 8, 8})), Error);
  CHECK_THROWS_AS(follow_flows(graph.input("integers", {1, 2, 8, 8}, DType::i32)), Error);
  CHECK_THROWS_WITH_AS(follow_flows(flows, graph.input("foreground", {2, 2, 8, 9})),
                       "follow_flows: foreground is f32 2x2x8x9, must be (N, 1, H, W) for flows f32 2x2x8x9", Error);
  CHECK_THROWS_WITH_AS(follow_flows(flows, {.steps = -1}), "follow_flows: steps is -1, must be 0 to 1000000", Error);
}

}  // namespace tuff::test
