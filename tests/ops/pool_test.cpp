#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/pool_cases.h"

namespace tuff::test {

TEST_CASE("max_pool") {
  for (const OpCase& op_case : max_pool_cases()) check(op_case);
}

TEST_CASE("avg_pool") {
  for (const OpCase& op_case : avg_pool_cases()) check(op_case);
}

TEST_CASE("max_pool takes the first of equal maxima, minus infinity from padding, and NaN") {
  OpCase ties = max_pool_case("ties", {2, 4, 9, 9}, {.kernel = {3}, .stride = {2}, .padding = {1}});
  ties.inputs[0].fill = Fill::labels;
  ties.check_gradient = false;
  check(ties);
  OpCase special = max_pool_case("special values", {1, 4, 5, 6}, {.kernel = {3}, .stride = {1}, .padding = {1}});
  Array values({1, 4, 5, 6}, -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < values.data.size(); i += 17) values.data[i] = std::numeric_limits<double>::quiet_NaN();
  values.data[40] = -3;
  special.inputs[0].values = values;
  special.check_gradient = false;
  check(special);
}

TEST_CASE("pooling refuses windows that don't fit, naming them") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 4, 4});
  CHECK_THROWS_WITH_AS(max_pool(x, {.kernel = {5}}),
                       "max_pool: x (1x4x4x4) is smaller than the window of kernel=5x5 stride=5x5 padding=0x0 dilation=1x1 "
                       "ceil_mode=false count_include_pad=true",
                       Error);
  CHECK_THROWS_AS(max_pool(x, {.kernel = {2}, .padding = {2}}), Error);
  CHECK_THROWS_AS(max_pool(x, {.kernel = {2, 2, 2}}), Error);
  CHECK_THROWS_AS(avg_pool(x, {.kernel = {2}, .dilation = {2}}), Error);
  CHECK_THROWS_AS(max_pool(graph.input("flat", {4, 4})), Error);
}

}  // namespace tuff::test
