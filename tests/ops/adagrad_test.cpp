#include <doctest/doctest.h>

#include <cmath>

#include "cases/adagrad_cases.h"

namespace tuff::test {
namespace {

double error_after_steps(const AdagradCase& adagrad_case, const std::vector<Shape>& shapes) {
  const AdagradAttributes& a = adagrad_case.attributes;
  std::vector<double> sums(OptimizerRun::elements(shapes), a.initial_accumulator_value);
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    adagrad(parameters, graph.arena("gradients"), graph.arena("adagrad.sum"), state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    const double g = element.gradient + element.decay * a.weight_decay * element.parameter;
    double& sum = sums[element.index];
    sum += g * g;
    return element.parameter - 0.1 / (1 + (element.step - 1) * a.lr_decay) * g / (std::sqrt(sum) + a.eps);
  };
  return OptimizerRun::error(shapes, update, reference, 0.1, {}, adagrad_case.update);
}

}  // namespace

TEST_CASE("adagrad: five steps follow PyTorch's formulas") {
  ShapeDraws draws("adagrad");
  for (const AdagradCase& adagrad_case : adagrad_cases()) {
    INFO(adagrad_case.name);
    CHECK(error_after_steps(adagrad_case, OptimizerRun::odd_shapes()) < 1e-6);
    CHECK(error_after_steps(adagrad_case, OptimizerRun::random_shapes(draws)) < 1e-6);
  }
}

}  // namespace tuff::test
