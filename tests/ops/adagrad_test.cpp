#include <doctest/doctest.h>

#include "cases/adagrad_cases.h"
#include "support/test_device.h"

namespace tuff::test {
TEST_CASE("adagrad: five steps follow PyTorch's formulas") {
  ShapeDraws draws("adagrad");
  for (const AdagradCase& adagrad_case : adagrad_cases()) {
    INFO(adagrad_case.name);
    CHECK(error_after_steps(test_device(), adagrad_case, OptimizerRun::odd_shapes()) < 1e-6);
    CHECK(error_after_steps(test_device(), adagrad_case, OptimizerRun::random_shapes(draws)) < 1e-6);
  }
}

}  // namespace tuff::test
