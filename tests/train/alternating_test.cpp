// Two networks that learn in turn within one step: the second by what the first is after its update.
#include <doctest/doctest.h>

#include "base/error.h"
#include "ops/optimizer.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/sgd.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

TrainOptions plain_descent() {
  TrainOptions options;
  options.optimizer = "sgd";
  options.momentum = 0;
  return options;
}

// Made by `generator` of x: g x. Judged by `judge`: d of it. The judge makes (d g x - x)^2 small, the generator
// (d g x + 1)^2.
struct Duel {
  Graph graph;
  Value g, d, x, made;

  Duel() {
    g = graph.parameter("generator", {2}, Initializer::constant(0.5f));
    d = graph.parameter("judge", {2}, Initializer::constant(2));
    x = graph.input("x", {2});
    made = mul(g, x);
  }
  Value judged() { return mul(graph.parameter("judge", {2}, Initializer::constant(2)), made); }
};

Value squares(Value x) {
  return sum(mul(x, x));
}

}  // namespace

TEST_CASE("alternating updates: in one run the second network learns by the first one's new weights") {
  Duel duel;
  Graph& graph = duel.graph;
  const TrainOptions options = plain_descent();
  const Value state = graph.input("step_state", {kStepStateElements});
  const std::vector<Variable> judge = parameters_of(graph, "judge");
  CHECK(judge.size() == 1);
  const Value judge_loss = squares(sub(duel.judged(), duel.x));
  const std::vector<Value> updated = add_update(graph, judge_loss, state, options, judge, true);
  REQUIRE(updated.size() == 1);
  graph.redirect("judge", updated[0]);
  const Value loss = squares(add_scalar(duel.judged(), 1));
  add_update(graph, loss, state, options, parameters_of(graph, "judge", true), false);
  graph.output("loss", loss);
  graph.output("judge_loss", judge_loss);

  for (const bool optimize : {true, false}) {
    ParameterStore store(test_device(), graph);
    store.initialize(0);
    const auto executable = compile(graph, test_device(), &store, {.optimize = optimize});
    CHECK(find_hazards(executable->plan()).empty());
    const double inputs[2] = {1, -0.75}, rate = 0.05;
    double g[2] = {0.5, 0.5}, d[2] = {2, 2};
    executable->write("x", HostTensor::from_floats({2}, std::vector<float>{1, -0.75f}));
    for (std::int64_t step = 0; step < 4; ++step) {
      executable->write("step_state", step_state_tensor(options, rate, step));
      executable->run();
      double first = 0, second = 0;
      for (int i = 0; i < 2; ++i) {
        const double x = inputs[i], off = d[i] * g[i] * x - x;
        first += off * off;
        d[i] -= rate * 2 * off * g[i] * x;
        const double high = d[i] * g[i] * x + 1;
        second += high * high;
        g[i] -= rate * 2 * high * d[i] * x;
      }
      CHECK(executable->read("judge_loss").floats()[0] == doctest::Approx(first).epsilon(1e-5));
      CHECK(executable->read("loss").floats()[0] == doctest::Approx(second).epsilon(1e-5));
    }
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(store.read("generator").floats()[i] == doctest::Approx(g[i]).epsilon(1e-5));
      CHECK(store.read("judge").floats()[i] == doctest::Approx(d[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("alternating updates: who would read the old weights after the update is refused") {
  Duel duel;
  Graph& graph = duel.graph;
  const Value state = graph.input("step_state", {kStepStateElements});
  const std::vector<Variable> judge = parameters_of(graph, "judge");
  const std::vector<Value> updated = add_update(graph, squares(duel.judged()), state, plain_descent(), judge, true);
  graph.output("loss", sum(mul(updated[0], duel.d)));
  ParameterStore store(test_device(), graph);
  CHECK_THROWS_WITH_AS(compile(graph, test_device(), &store), doctest::Contains("has written before in the same run"),
                       Error);
}

TEST_CASE("alternating updates: parts of arenas and names that are redirected") {
  Graph graph;
  graph.parameter("a", {3}, Initializer::constant(0));
  graph.parameter("b", {70}, Initializer::constant(0));
  CHECK(graph.arena("parameters", {64, 128}).shape() == Shape{128});
  CHECK_THROWS_WITH_AS(graph.arena("parameters", {64, 192}), doctest::Contains("64 to 256"), Error);
  const Value other = graph.input("other", {3}, DType::f32, Layout::weight);
  graph.redirect("a", other);
  CHECK(graph.parameter("a", {3}, Initializer::constant(0)) == other);
  CHECK_THROWS_WITH_AS(graph.parameter("a", {4}, Initializer::constant(0)), doctest::Contains("redirected"), Error);
}

}  // namespace tuff::test
