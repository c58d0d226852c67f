#include <doctest/doctest.h>

#include "cases/conv_transpose_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("conv_transpose") {
  for (const OpCase& op_case : conv_transpose_cases()) check(op_case);
}

}  // namespace tuff::test
