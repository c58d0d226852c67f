#include "ops/loss_scale.h"

#include <doctest/doctest.h>

#include <limits>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "cases/loss_scale_cases.h"
#include "ops/adam.h"
#include "ops/assign.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("loss_scale") {
  for (const OpCase& op_case : loss_scale_cases()) check(op_case);
}

TEST_CASE("loss_scale: step_state is the host's, step after step") {
  // The largest relative error of each number over 3,000 steps, in which the scale grows at 2,000.
  Graph graph;
  const Value scale = graph.buffer("scale", {1}, Initializer::constant(kFirstLossScale)),
              counts = graph.buffer("counts", {kLossScaleCounts}, Initializer::constant(0)),
              norm = graph.input("norm", {1}), state = graph.input("state", {kStepStateElements});
  const LossScale next = loss_scale(scale, counts, norm, state);
  assign(scale, next.scale);
  assign(counts, next.counts);
  graph.output("state", next.step_state);
  ParameterStore store(test_device(), graph);
  store.initialize(0);
  const auto executable = compile(graph, test_device(), &store);
  const float good = 1, bad = std::numeric_limits<float>::infinity();
  std::int64_t done = 0;
  double worst = 0;
  for (int step = 1; step <= 3000; ++step) {
    const bool overflows = step <= 3 || step == 2500;
    executable->write("norm", HostTensor::from_floats({1}, {overflows ? &bad : &good, 1}));
    executable->write("state", HostTensor::from_floats({kStepStateElements}, step_state(1e-3, step)));
    executable->run();
    if (step < 20 || step % 97 == 0) {
      const HostTensor given = executable->read("state");
      const auto expected = step_state(1e-3, done + 1);
      for (std::size_t i = 0; i < expected.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(given.floats()[i]) - static_cast<double>(expected[i])) /
                                    std::max(1e-3, static_cast<double>(std::abs(expected[i]))));
    }
    if (!overflows) ++done;
  }
  CHECK(worst < 1e-6);
  CHECK(store.read("scale").floats()[0] == kFirstLossScale / 8 * 2 / 2);
  CHECK(store.read("counts").floats()[0] == 500);
  CHECK(store.read("counts").floats()[1] == 2996);
  CHECK(store.read("counts").floats()[2] == 4);
}

TEST_CASE("loss_scale refuses inputs of other sizes and factors on the wrong side of 1") {
  Graph graph;
  const Value one = graph.input("one", {1}), three = graph.input("three", {3}),
              state = graph.input("state", {kStepStateElements}), whole = graph.input("whole", {1}, DType::i32);
  CHECK_THROWS_WITH_AS(loss_scale(three, three, one, state), "loss_scale: scale is f32 3, must be f32 of 1 element",
                       Error);
  CHECK_THROWS_WITH_AS(loss_scale(one, one, one, state), "loss_scale: counts is f32 1, must be f32 of 3 elements",
                       Error);
  CHECK_THROWS_WITH_AS(loss_scale(one, three, whole, state), "loss_scale: norm is i32 1, must be f32 of 1 element",
                       Error);
  CHECK_THROWS_WITH_AS(loss_scale(one, three, one, three), doctest::Contains("step_state is f32 3, must be f32 of 5"),
                       Error);
  CHECK_THROWS_WITH_AS(loss_scale(one, three, one, state, {.growth_factor = 0.5}),
                       doctest::Contains("growth_factor is 0.5, must be 1 or more"), Error);
  CHECK_THROWS_WITH_AS(loss_scale(one, three, one, state, {.backoff_factor = 0}),
                       doctest::Contains("backoff_factor is 0, must be above 0"), Error);
  CHECK_THROWS_WITH_AS(loss_scale(one, three, one, state, {.growth_interval = 0}),
                       doctest::Contains("growth_interval is 0"), Error);
  CHECK_THROWS_WITH_AS(gradient(loss_scale(one, three, one, state).scale, std::vector<Value>{one}),
                       doctest::Contains("loss_scale: has no gradient"), Error);
}

}  // namespace tuff::test
