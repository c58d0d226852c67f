// An optimizer's cases on odd shapes, and on random ones; in a sweep on many.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/optimizer_run.h"
#include "support/test_device.h"

namespace tuff::test {

// error_after_steps() of each case stands in the optimizer's header of cases.
template <typename Case>
void check_optimizer(std::string_view name, const std::vector<Case>& cases, double tolerance) {
  for (const Case& one : cases) {
    INFO(std::string(one.name));
    CHECK(error_after_steps(test_device(), one, OptimizerRun::odd_shapes()) < tolerance);
  }
  ShapeDraws draws(name);
  for (int i = 0; i < draws.rounds(static_cast<int>(cases.size())); ++i) {
    const Case& one = cases[static_cast<std::size_t>(i) % cases.size()];
    const std::vector<Shape> shapes = OptimizerRun::random_shapes(draws);
    INFO(std::string(one.name), ", random ", i + 1, ": ", shapes.size(), " parameters of ",
         OptimizerRun::elements(shapes), " elements");
    CHECK(error_after_steps(test_device(), one, shapes) < tolerance);
  }
}

}  // namespace tuff::test
