#include "ops/sgd.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/sgd_cases.h"

namespace tuff::test {

namespace {

double error_after_steps(const SgdCase& sgd_case, const std::vector<Shape>& shapes) {
  const SgdAttributes& a = sgd_case.attributes;
  std::vector<double> buffer(OptimizerRun::elements(shapes), 0);
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    sgd(parameters, graph.arena("gradients"), a.momentum != 0 ? graph.arena("sgd.momentum") : Value{}, state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    double g = element.gradient + element.decay * a.weight_decay * element.parameter;
    if (a.momentum != 0) {
      double& buffered = buffer[element.index];
      buffered = element.step == 1 ? g : a.momentum * buffered + (1 - a.dampening) * g;
      g = a.nesterov ? g + a.momentum * buffered : buffered;
    }
    return element.parameter - 0.1 * g;
  };
  return OptimizerRun::error(shapes, update, reference, 0.1, {}, sgd_case.update);
}

}  // namespace

TEST_CASE("sgd: five steps follow PyTorch's formulas") {
  ShapeDraws draws("sgd");
  for (const SgdCase& sgd_case : sgd_cases()) {
    INFO(sgd_case.name);
    CHECK(error_after_steps(sgd_case, OptimizerRun::odd_shapes()) < 1e-6);
    CHECK(error_after_steps(sgd_case, OptimizerRun::random_shapes(draws)) < 1e-6);
  }
}

TEST_CASE("sgd: momentum without its buffer and Nesterov's without momentum are refused") {
  Graph graph;
  graph.parameter("p", {100}, Initializer::constant(0));
  const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements});
  CHECK_THROWS_AS(sgd(arena, graph.arena("g"), {}, state, {.momentum = 0.9}), Error);
  CHECK_THROWS_WITH_AS(sgd(arena, graph.arena("g"), {}, state, {.nesterov = true}), doctest::Contains("nesterov"), Error);
}

}  // namespace tuff::test
