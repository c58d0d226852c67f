#include "ops/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cases/optimizer_cases.h"

namespace tuff::test {

TEST_CASE("optimizer: each is one dispatch, whatever options it is given") {
  for (const OptimizerCase& optimizer_case : optimizer_cases()) {
    INFO(std::string(optimizer_case.name));
    Graph graph;
    graph.parameter("p", {100}, Initializer::constant(0));
    const Value state = graph.input("state", {kStepStateElements});
    UpdateOptions options{.average = graph.arena("parameters.ema"), .l1 = 0.1};
    options.gradient_scale = graph.input("scale", {1});
    options.decay_factors = graph.constant(HostTensor({2}));
    optimizer_case.add(graph, graph.arena("parameters"), state, options);
    CHECK(lower(graph, test_device().caps(), kernel_table()).dispatches.size() == 1);
  }
}

TEST_CASE("optimizer: the clip coefficient is PyTorch's") {
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
    CHECK(executable->read("c").floats()[0] ==
          doctest::Approx(std::min(1.0, 2 / (std::sqrt(squares) + 1e-6))).epsilon(1e-6));
  }
}

TEST_CASE("optimizer: inputs of other lengths are refused by name") {
  for (const OptimizerCase& optimizer_case : optimizer_cases()) {
    INFO(std::string(optimizer_case.name));
    Graph graph;
    graph.parameter("p", {100}, Initializer::constant(0));
    const Value arena = graph.arena("parameters"), state = graph.input("state", {kStepStateElements});
    const std::string op = std::string(optimizer_case.name) + ": ";
    const auto message = [&](Value step_state, const UpdateOptions& options) -> std::string {
      try {
        optimizer_case.add(graph, arena, step_state, options);
      } catch (const Error& error) {
        return error.what();
      }
      return "no error";
    };
    CHECK(message(state, {.decay_factors = graph.input(op + "f", {3})}).starts_with(op + "decay_factors must be 2"));
    CHECK(message(state, {.average = graph.input(op + "a", {64})}).starts_with(op + "gradients, moments and averages"));
    CHECK(message(graph.input(op + "s", {2}), {}).starts_with(op + "step_state must have 5 elements"));
    CHECK(message(state, {.gradient_scale = graph.input(op + "g", {2})}).find("gradient_scale one") !=
          std::string::npos);
  }
}

}  // namespace tuff::test
