#include <doctest/doctest.h>

#include "cases/adagrad_cases.h"
#include "support/optimizer_check.h"

namespace tuff::test {
TEST_CASE("adagrad: five steps follow PyTorch's formulas") {
  check_optimizer("adagrad", adagrad_cases(), 1e-6);
}

}  // namespace tuff::test
