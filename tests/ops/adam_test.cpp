#include "ops/adam.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cases/adam_cases.h"

namespace tuff::test {

namespace {

double error_after_steps(const AdamCase& adam_case, const std::vector<Shape>& shapes) {
  const AdamAttributes& a = adam_case.attributes;
  std::vector<double> m(OptimizerRun::elements(shapes), 0), v = m;
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    adam(parameters, graph.arena("gradients"), graph.arena("adam.m"), graph.arena("adam.v"), state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    const double lr = adam_case.learning_rate, decay = element.decay * a.weight_decay;
    const double g = element.gradient + (a.decoupled_weight_decay ? 0 : decay * element.parameter);
    const double parameter = element.parameter * (1 - (a.decoupled_weight_decay ? lr * decay : 0));
    double &mean = m[element.index], &square = v[element.index];
    mean = a.beta1 * mean + (1 - a.beta1) * g;
    square = a.beta2 * square + (1 - a.beta2) * g * g;
    const double m_hat = mean / (1 - std::pow(a.beta1, element.step)), v_hat = square / (1 - std::pow(a.beta2, element.step));
    return parameter - lr * m_hat / (std::sqrt(v_hat) + a.eps);
  };
  return OptimizerRun::error(shapes, update, reference, adam_case.learning_rate, a, adam_case.update);
}

}  // namespace

TEST_CASE("adam: five steps follow PyTorch's formulas") {
  ShapeDraws draws("adam");
  for (const AdamCase& adam_case : adam_cases()) {
    INFO(adam_case.name);
    CHECK(error_after_steps(adam_case, OptimizerRun::odd_shapes()) < 1e-6);
    CHECK(error_after_steps(adam_case, OptimizerRun::random_shapes(draws)) < 1e-6);
  }
}

TEST_CASE("adam: vectors of another length are refused") {
  Graph graph;
  graph.parameter("p", {100}, Initializer::constant(0));
  const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements});
  CHECK_THROWS_WITH_AS(adam(arena, graph.input("g", {64}), graph.arena("m"), graph.arena("v"), state),
                       doctest::Contains("shape 128"), Error);
  CHECK_THROWS_AS(adam(arena, graph.arena("g"), graph.arena("m"), graph.arena("v"), graph.input("s", {2})), Error);
}

}  // namespace tuff::test
