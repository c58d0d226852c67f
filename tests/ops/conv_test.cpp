#include <doctest/doctest.h>

#include <limits>

#include "cases/conv_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("conv") {
  for (const OpCase& op_case : conv_cases()) check(op_case);
}

TEST_CASE("conv keeps NaN and infinities where they belong") {
  OpCase special =
      conv_case("special values", {1, 4, 6, 20}, {4, 4, 3, 3}, {.padding = {1}, .activation = Activation::relu});
  Array values({1, 4, 6, 20}, 0.5);
  values.at({0, 1, 0, 0}) = std::numeric_limits<double>::quiet_NaN();
  values.at({0, 2, 5, 19}) = std::numeric_limits<double>::infinity();
  special.inputs[0].values = values;
  special.check_gradient = false;
  check(special);
}

}  // namespace tuff::test
