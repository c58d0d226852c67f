#include <doctest/doctest.h>

#include "cases/conv_weight_gradient_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("conv_weight_gradient") {
  for (const OpCase& op_case : conv_weight_gradient_cases()) check(op_case);
}

}  // namespace tuff::test
