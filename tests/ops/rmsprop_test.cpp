#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cases/rmsprop_cases.h"

namespace tuff::test {
namespace {

double error_after_steps(const RmspropCase& rmsprop_case, const std::vector<Shape>& shapes) {
  const RmspropAttributes& a = rmsprop_case.attributes;
  std::vector<double> squares(OptimizerRun::elements(shapes), 0), means = squares, buffers = squares;
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    RmspropMoments moments{graph.arena("rmsprop.square_avg")};
    if (a.momentum != 0) moments.momentum_buffer = graph.arena("rmsprop.momentum");
    if (a.centered) moments.grad_avg = graph.arena("rmsprop.grad_avg");
    rmsprop(parameters, graph.arena("gradients"), moments, state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    const double g = element.gradient + element.decay * a.weight_decay * element.parameter;
    double &square = squares[element.index], &mean = means[element.index], &buffer = buffers[element.index];
    square = a.alpha * square + (1 - a.alpha) * g * g;
    mean = a.alpha * mean + (1 - a.alpha) * g;
    const double change = g / (std::sqrt(square - (a.centered ? mean * mean : 0)) + a.eps);
    buffer = a.momentum * buffer + change;
    return element.parameter - 0.01 * (a.momentum != 0 ? buffer : change);
  };
  return OptimizerRun::error(shapes, update, reference, 0.01, {}, rmsprop_case.update);
}

}  // namespace

TEST_CASE("rmsprop: five steps follow PyTorch's formulas") {
  ShapeDraws draws("rmsprop");
  for (const RmspropCase& rmsprop_case : rmsprop_cases()) {
    INFO(rmsprop_case.name);
    CHECK(error_after_steps(rmsprop_case, OptimizerRun::odd_shapes()) < 2e-6);
    CHECK(error_after_steps(rmsprop_case, OptimizerRun::random_shapes(draws)) < 2e-6);
  }
}

TEST_CASE("rmsprop: moments that are missing or too many are refused") {
  Graph graph;
  graph.parameter("p", {100}, Initializer::constant(0));
  const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements}), a = graph.arena("a");
  CHECK_THROWS_WITH_AS(rmsprop(arena, graph.arena("g"), {a}, state, {.momentum = 0.9}), doctest::Contains("momentum (now 0.9)"), Error);
  CHECK_THROWS_AS(rmsprop(arena, graph.arena("g"), {a, {}, graph.arena("c")}, state), Error);
}

}  // namespace tuff::test
