#include "ops/adam.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cases/adam_cases.h"
#include "support/optimizer_run.h"

namespace tuff::test {

namespace {

double error_after_steps(const AdamCase& adam_case, const std::vector<Shape>& shapes) {
  const AdamAttributes& a = adam_case.attributes;
  std::vector<double> m(OptimizerRun::elements(shapes), 0), v = m;
  const auto update = [&](Graph& graph, Value parameters, Value state, Value scale) {
    adam(parameters, graph.arena("gradients"), graph.arena("adam.m"), graph.arena("adam.v"), state, a, scale);
  };
  const auto reference = [&](std::size_t i, double parameter, double g, int step) {
    const double lr = adam_case.learning_rate;
    parameter *= 1 - lr * a.weight_decay;
    m[i] = a.beta1 * m[i] + (1 - a.beta1) * g;
    v[i] = a.beta2 * v[i] + (1 - a.beta2) * g * g;
    const double m_hat = m[i] / (1 - std::pow(a.beta1, step)), v_hat = v[i] / (1 - std::pow(a.beta2, step));
    return parameter - lr * m_hat / (std::sqrt(v_hat) + a.eps);
  };
  return OptimizerRun::error(shapes, update, reference, adam_case.learning_rate, a, adam_case.scaled);
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

TEST_CASE("adam: the clip coefficient is PyTorch's") {
  for (const float scale : {0.01f, 10.0f}) {
    Graph graph;
    const Value x = graph.input("x", {640});
    graph.output("c", clip_coefficient(x, 2.0f));
    const auto executable = compile(graph, test_device(), nullptr);
    HostTensor values({640});
    double squares = 0;
    for (std::size_t i = 0; i < 640; ++i) {
      values.floats()[i] = scale * std::sin(static_cast<float>(i));
      squares += std::pow(static_cast<double>(values.floats()[i]), 2);
    }
    executable->write("x", values);
    executable->run();
    CHECK(executable->read("c").floats()[0] == doctest::Approx(std::min(1.0, 2 / (std::sqrt(squares) + 1e-6))).epsilon(1e-6));
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
