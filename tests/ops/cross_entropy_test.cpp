#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/cross_entropy_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("cross_entropy") {
  for (const OpCase& op_case : cross_entropy_cases()) check(op_case);
}

TEST_CASE("cross_entropy keeps its digits over many pixels") {
  OpCase large = cross_entropy_case("many pixels", {1, 3, 512, 512}, {DType::i32, {1, 1, 512, 512}}, true);
  large.check_gradient = false;
  large.tolerance = 1e-6;
  check(large);
}

TEST_CASE("a class that doesn't exist makes the loss NaN") {
  OpCase wrong = cross_entropy_case("a class too many", {1, 3, 2, 2}, {DType::i32, {1, 2, 2}}, false);
  Array classes({1, 2, 2});
  classes.data = {0, 1, 2, 3};
  wrong.inputs[1].values = classes;
  wrong.reference = [](std::span<const Array>) {
    return std::vector<Array>{Array(Shape{}, std::numeric_limits<double>::quiet_NaN())};
  };
  wrong.check_gradient = false;
  check(wrong);
}

TEST_CASE("cross_entropy: where all is ignored or weighs nothing the mean is 0 / 0, the sum 0") {
  const auto loss_of = [](const CrossEntropyAttributes& attributes) {
    OpCase ignored = class_loss_case("all ignored", {1, 3, 4}, {DType::i32, {1, 4}}, attributes, {});
    ignored.inputs[1].values = Array({1, 4}, attributes.ignore_index);
    ignored.check_gradient = false;
    check(ignored);
  };
  loss_of({.ignore_index = 1});
  loss_of({.ignore_index = 1, .label_smoothing = 0.1f});
  loss_of({.ignore_index = -100, .reduction = LossReduction::sum});
  OpCase weightless = class_loss_case("weightless", {1, 3, 4}, {DType::i32, {1, 4}}, {}, {.pixels = true});
  weightless.inputs[2].values = Array({1, 1, 4}, 0);
  weightless.check_gradient = false;
  check(weightless);
}

TEST_CASE("nll_loss: infinite log-probabilities of other classes count nothing") {
  OpCase certain = class_loss_case("certain", {1, 2, 2}, {DType::i32, {1, 2}}, {}, {}, true);
  Array logs({1, 2, 2}), classes({1, 2});
  constexpr double kInf = std::numeric_limits<double>::infinity();
  logs.data = {0, -kInf, -kInf, 0};
  classes.data = {0, 1};
  certain.inputs[0].values = logs;
  certain.inputs[1].values = classes;
  certain.check_gradient = false;
  check(certain);
}

TEST_CASE("cross_entropy refuses targets that don't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 4, 5});
  CHECK_THROWS_AS(cross_entropy(x, graph.input("turned", {1, 5, 4}, DType::i32)), Error);
  CHECK_THROWS_AS(cross_entropy(x, graph.input("f32", {1, 4, 5})), Error);
  const Value t = graph.input("t", {1, 4, 5}, DType::i32);
  CHECK_THROWS_AS(cross_entropy(x, t, {}, graph.input("w", {4})), Error);
  CHECK_THROWS_WITH_AS(cross_entropy(x, t, {}, {}, graph.input("p", {1, 4, 5})),
                       doctest::Contains("must be f32 1x1x4x5"), Error);
  CHECK_THROWS_WITH_AS(cross_entropy(x, t, {.label_smoothing = 2}), doctest::Contains("label_smoothing is 2"), Error);
  CHECK_THROWS_WITH_AS(nll_loss(x, t, {}, graph.input("w4", {4})), doctest::Contains("nll_loss: weight is f32 4"),
                       Error);
}

}  // namespace tuff::test
