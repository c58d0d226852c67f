#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/layer_norm_cases.h"
#include "cases/reduce_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("layer_norm and rms_norm") {
  for (const OpCase& op_case : layer_norm_cases()) check(op_case);
}

TEST_CASE("layer_norm: mean_variance_normalization over any axes") {
  for (const auto& [shape, axes] :
       {std::pair{Shape{3, 4, 5, 6}, std::vector<int>{}}, std::pair{Shape{3, 4, 5, 6}, std::vector<int>{1}},
        std::pair{Shape{9, 6}, std::vector<int>{0}}, std::pair{Shape{2, 3, 4, 2, 3}, std::vector<int>{}}}) {
    OpCase op_case{.name = "mean_variance_normalization " + to_string(shape)};
    op_case.inputs = {{.type = {DType::f32, shape}}};
    op_case.build = [axes = axes](Graph&, std::span<const Value> x) {
      return std::vector<Value>{mean_variance_normalization(x[0], axes)};
    };
    op_case.reference = [axes = axes](std::span<const Array> x) {
      std::vector<int> over = axes;
      for (int axis = 0; axes.empty() && axis < x[0].shape.rank(); ++axis)
        if (axis != 1) over.push_back(axis);
      const Array total = reduced(x[0], over, true, 0, [](double a, double b) { return a + b; });
      const double n = static_cast<double>(x[0].shape.elements() / total.shape.elements());
      const auto at_total = [&](Index at) {
        for (const int axis : over) at[static_cast<std::size_t>(axis)] = 0;
        return offset_of(total.shape, at);
      };
      Array apart = generate(x[0].shape, [&](const Index& at) {
        return x[0].data[offset_of(x[0].shape, at)] - total.data[at_total(at)] / n;
      });
      const Array squares = reduced(apart, over, true, 0, [](double a, double b) { return a + b * b; });
      return std::vector<Array>{generate(x[0].shape, [&](const Index& at) {
        return apart.data[offset_of(apart.shape, at)] / (std::sqrt(squares.data[at_total(at)] / n) + 1e-9);
      })};
    };
    check(op_case);
  }
}

TEST_CASE("layer_norm keeps its digits where the mean is large") {
  OpCase op_case = layer_norm_case({3, 4, 65}, 2, false, false);
  Array values({3, 4, 65});
  for (std::size_t i = 0; i < values.data.size(); ++i)
    values.data[i] = static_cast<float>(1000 + 0.5 * std::sin(static_cast<double>(i)));
  op_case.inputs[0].values = values;
  op_case.tolerance = 2e-4;  // half a unit in the last place of x; E[x^2] - E[x]^2 would leave nothing
  op_case.check_gradient = false;
  check(op_case);
}

TEST_CASE("layer_norm refuses shapes that aren't the end of x's") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4}), four = graph.input("four", {4}), three = graph.input("three", {3});
  CHECK_THROWS_WITH_AS(layer_norm(x, {3}), "layer_norm: normalized_shape 3 isn't the end of x's shape (f32 2x3x4)",
                       Error);
  CHECK_THROWS_WITH_AS(layer_norm(x, {4}, three), "layer_norm: weight is f32 3, must be f32 4", Error);
  CHECK_THROWS_WITH_AS(layer_norm(x, {4}, four, three), "layer_norm: bias is f32 3, must be f32 4", Error);
  CHECK_THROWS_AS(layer_norm(x, {}), Error);
  CHECK_THROWS_AS(layer_norm(x, {1, 2, 3, 4}), Error);
  CHECK_THROWS_WITH_AS(layer_norm_from(x, 3), "layer_norm: x (f32 2x3x4) has no axis 3", Error);
  CHECK_THROWS_AS(rms_norm(x, {3}), Error);
  CHECK_THROWS_AS(layer_norm(graph.input("i", {2, 4}, DType::i32), {4}), Error);
}

}  // namespace tuff::test
