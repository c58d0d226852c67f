#include "ops/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "cases/optimizer_cases.h"
#include "ops/pointwise.h"

namespace tuff::test {

TEST_CASE("optimizer: each is one dispatch, whatever options it is given") {
  for (const OptimizerCase& optimizer_case : optimizer_cases()) {
    INFO(std::string(optimizer_case.name));
    Graph graph;
    graph.parameter("p", {100}, Initializer::constant(0));
    const Value state = graph.input("state", {kStepStateElements});
    UpdateOptions options{.average = graph.arena("parameters.ema"), .l1 = 0.1};
    options.gradient_scale = graph.input("scale", {1});
    options.skip = graph.input("skip", {1});
    options.decay_factors = graph.constant(HostTensor({2}));
    optimizer_case.add(graph, graph.arena("parameters"), state, options);
    CHECK(lower(graph, test_device().caps(), kernel_table()).dispatches.size() == 1);
  }
}

TEST_CASE("optimizer: the clip coefficient is PyTorch's, of scaled gradients too") {
  for (const float scale : {0.01f, 10.0f}) {
    Graph graph;
    const Value x = graph.input("x", {640});
    graph.output("c", clip_coefficient(x, 2.0f));
    graph.output("scaled", clip_coefficient(mul_scalar(x, 1024), 2.0f, graph.scalar(1.0f / 1024)));
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
    CHECK(executable->read("scaled").floats()[0] * 1024 ==
          doctest::Approx(static_cast<double>(executable->read("c").floats()[0])).epsilon(1e-6));
  }
}

TEST_CASE("optimizer: a step to skip changes nothing, whatever the gradients are") {
  for (const OptimizerCase& optimizer_case : optimizer_cases()) {
    INFO(std::string(optimizer_case.name));
    Graph graph;
    graph.parameter("p", {100}, Initializer{Initializer::Kind::normal, 0, 1});
    const Value state = graph.input("state", {kStepStateElements}), skip = graph.input("skip", {1});
    optimizer_case.add(graph, graph.arena("parameters"), state,
                       {.skip = skip, .average = graph.arena("parameters.ema"), .l1 = 0.1});
    ParameterStore store(test_device(), graph);
    const auto executable = compile(graph, test_device(), &store);
    store.initialize(0);
    const auto step = [&](float gradient, float skipped) {
      store.write_arena("gradients", std::vector<float>(128, gradient));
      executable->write("skip", HostTensor::from_floats({1}, {&skipped, 1}));
      executable->write("state", HostTensor::from_floats({kStepStateElements}, step_state(0.1, 1)));
      executable->run();
      executable->wait();
    };
    const auto all = [&] {
      std::vector<std::vector<float>> arenas;
      for (const std::string& arena : store.arenas())
        if (arena != "gradients") arenas.push_back(store.read_arena(arena));
      return arenas;
    };
    step(0.5f, 0);
    const auto before = all();
    step(std::numeric_limits<float>::quiet_NaN(), 1);
    CHECK(all() == before);
    step(0.5f, 0);
    CHECK(all() != before);
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
    for (const UpdateOptions& options : {UpdateOptions{.gradient_scale = graph.input(op + "g", {2})},
                                         UpdateOptions{.skip = graph.input(op + "skip", {2})}})
      CHECK(message(state, options).find("gradient_scale and skip one") != std::string::npos);
  }
}

}  // namespace tuff::test
