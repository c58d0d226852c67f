#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/elementwise_loss_cases.h"
#include "ops/fill.h"
#include "support/known_values.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("elementwise_loss") {
  for (const OpCase& op_case : elementwise_loss_cases()) check(op_case);
}

TEST_CASE("elementwise_loss: bce of certain probabilities is bounded, and so is its slope") {
  const auto toward = [](float target) {
    return value_and_gradient(
        [=](Value x) { return bce_loss(x, full(x.graph(), x.type(), target), {.reduction = LossReduction::none}); },
        {0, 1, 0.25});
  };
  const ValueAndGradient yes = toward(1), no = toward(0);
  CHECK(yes.values[0] == 100);
  CHECK(yes.values[1] == 0);
  CHECK(no.values[0] == 0);
  CHECK(no.values[1] == 100);
  CHECK(agrees(yes.gradients[0], -1e12, 1e-6));
  CHECK(yes.gradients[1] == 0);
  CHECK(agrees(no.gradients[1], 1e12, 1e-6));
  CHECK(agrees(yes.gradients[2], -4, 1e-6));
}

TEST_CASE("elementwise_loss: weights of 0 mask, and where all are the weighted mean is 0 / 0") {
  const auto with = [](float weight) {
    return value_and_gradient(
        [=](Value x) {
          return mse_loss(x, full(x.graph(), x.type(), 1), {.weight = full(x.graph(), x.type(), weight)});
        },
        {3, 1});
  };
  CHECK(with(0.5f).values[0] == 2);
  CHECK(std::isnan(with(0).values[0]));
}

TEST_CASE("elementwise_loss refuses shapes that would broadcast, and numbers that make no sense") {
  Graph graph;
  const Value x = graph.input("x", {4, 3}), t = graph.input("t", {3}), same = graph.input("s", {4, 3});
  CHECK_THROWS_WITH_AS(mse_loss(x, t), doctest::Contains("mse_loss: x (f32 4x3) and target (f32 3)"), Error);
  CHECK_THROWS_AS(l1_loss(x, graph.input("i", {4, 3}, DType::i32)), Error);
  CHECK_THROWS_WITH_AS(l1_loss(x, same, {.weight = graph.input("w", {2, 4, 3})}),
                       doctest::Contains("larger than the loss"), Error);
  CHECK_THROWS_AS(l1_loss(x, same, {.weight = graph.input("v", {5})}), Error);
  CHECK_THROWS_WITH_AS(huber_loss(x, same, 0), doctest::Contains("delta is 0"), Error);
  CHECK_THROWS_WITH_AS(smooth_l1_loss(x, same, -1), doctest::Contains("beta is -1"), Error);
}

}  // namespace tuff::test
