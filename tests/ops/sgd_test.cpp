#include "ops/sgd.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/sgd_cases.h"
#include "support/optimizer_run.h"

namespace tuff::test {

namespace {

double error_after_steps(const SgdCase& sgd_case, const std::vector<Shape>& shapes) {
  const SgdAttributes& a = sgd_case.attributes;
  std::vector<double> buffer(OptimizerRun::elements(shapes), 0);
  const auto update = [&](Graph& graph, Value parameters, Value state, Value scale) {
    sgd(parameters, graph.arena("gradients"), a.momentum != 0 ? graph.arena("sgd.momentum") : Value{}, state, a, scale);
  };
  const auto reference = [&](std::size_t i, double parameter, double g, int step) {
    g += a.weight_decay * parameter;
    if (a.momentum != 0) {
      buffer[i] = step == 1 ? g : a.momentum * buffer[i] + (1 - a.dampening) * g;
      g = a.nesterov ? g + a.momentum * buffer[i] : buffer[i];
    }
    return parameter - 0.1 * g;
  };
  return OptimizerRun::error(shapes, update, reference, 0.1, {}, sgd_case.scaled);
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
