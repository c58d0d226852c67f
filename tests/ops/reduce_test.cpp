#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/philox.h"
#include "cases/reduce_cases.h"
#include "ops/pointwise.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("reduce: every kind over every run of axes") {
  for (const OpCase& op_case : reduce_cases()) check(op_case);
}

TEST_CASE("reduce: two million numbers of one sign to 1e-6") {
  Graph graph;
  const Value x = graph.input("x", {2'000'003});
  graph.output("sum", sum(x));
  graph.output("mean", mean(x));
  Array values(x.shape());
  PhiloxStream draws(1);
  double expected = 0;
  for (double& value : values.data) {
    value = static_cast<float>(draws.uniform(0, 1));
    expected += value;
  }
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", to_tensor(values, DType::f32));
  executable->run();
  CHECK(std::fabs(to_array(executable->read("sum")).data[0] / expected - 1) < 1e-6);
  CHECK(std::fabs(to_array(executable->read("mean")).data[0] / (expected / 2'000'003) - 1) < 1e-6);
}

TEST_CASE("reduce: the gradient of a maximum is shared among ties") {
  OpCase op_case;
  op_case.name = "ties";
  Array values(Shape{2, 4});
  values.data = {1, 3, 3, 0, 5, 5, 5, 5};
  op_case.inputs = {{.type = {DType::f32, {2, 4}}, .differentiable = false, .values = values}, {{DType::f32, {2, 4}}}};
  // The gradient itself is computed in the graph, so its values are what is compared.
  op_case.build = [](Graph&, std::span<const Value> x) {
    const Value y = max(x[0], {1});
    const std::array inputs = {x[0]}, outputs = {y}, upstream = {sum(x[1], {1})};
    return x[0].graph().producer(y)->op->gradient({inputs, outputs, upstream});
  };
  op_case.reference = [](std::span<const Array> x) {
    Array result(Shape{2, 4});
    for (std::size_t i = 0; i < 8; ++i) {
      const double upstream =
          x[1].data[i / 4 * 4] + x[1].data[i / 4 * 4 + 1] + x[1].data[i / 4 * 4 + 2] + x[1].data[i / 4 * 4 + 3];
      result.data[i] = i < 4 ? (x[0].data[i] == 3 ? upstream / 2 : 0) : upstream / 4;
    }
    return std::vector<Array>{result};
  };
  op_case.check_gradient = false;
  check(op_case);
}

// From PyTorch 2.13 in float64: one zero, two zeros, none.
TEST_CASE("reduce: the gradient of a product with zeros") {
  OpCase op_case = prod_case({3, 3}, {1}, false);
  Array values(Shape{3, 3});
  values.data = {0, 2, 3, 0, 0, 3, 1, 2, 3};
  op_case.inputs[0].values = values;
  op_case.inputs[0].differentiable = false;
  op_case.build = [](Graph& graph, std::span<const Value> x) {
    const Value y = prod(x[0], {1});
    const std::array inputs = {x[0]}, outputs = {y},
                     upstream = {graph.constant(HostTensor::from_floats({3}, std::vector<float>{1, 1, 2}))};
    return graph.producer(y)->op->gradient({inputs, outputs, upstream});
  };
  op_case.reference = [](std::span<const Array>) {
    Array expected(Shape{3, 3});
    expected.data = {6, 0, 0, 0, 0, 0, 12, 6, 4};
    return std::vector<Array>{expected};
  };
  op_case.check_gradient = false;
  check(op_case);
}

TEST_CASE("reduce: logsumexp neither overflows nor makes NaN of infinities") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  OpCase op_case{.name = "logsumexp of extremes"};
  Array values(Shape{6, 3});
  values.data = {-kInfinity, -kInfinity, -kInfinity, kInfinity, 0,    kInfinity, 1,     -kInfinity, -kInfinity,
                 1,          nan,        kInfinity,  1000,      1000, -1000,     -1000, -1001,      -2000};
  op_case.inputs = {{.type = {DType::f32, {6, 3}}, .values = values}};
  op_case.build = [](Graph&, std::span<const Value> x) { return std::vector<Value>{logsumexp(x[0], {1})}; };
  op_case.reference = [=](std::span<const Array>) {
    Array expected(Shape{6});
    expected.data = {-kInfinity, kInfinity, 1, nan, 1000 + std::log(2.0), -1000 + std::log1p(std::exp(-1.0))};
    return std::vector<Array>{expected};
  };
  op_case.check_gradient = false;
  op_case.tolerance = 1e-6;
  check(op_case);
}

TEST_CASE("reduce: sums of integers below 2^24 are exact") {
  Graph graph;
  const Shape shape{3, 5, 61, 67};
  const Value x = graph.input("x", shape);
  Array values(shape);
  PhiloxStream draws(3);
  for (double& value : values.data) value = static_cast<double>(draws.below(401)) - 200;
  for (const std::vector<int>& axes : {std::vector<int>{}, {1}, {0, 2, 3}, {3}})
    graph.output("sum" + std::to_string(axes.size()) + (axes == std::vector<int>{1} ? "c" : ""), sum(x, axes));
  graph.output("l1", l1_norm(x));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", to_tensor(values, DType::f32));
  executable->run();
  const auto add = [](double a, double b) { return a + b; };
  CHECK(to_array(executable->read("sum0")).data == reduced(values, {}, false, 0, add).data);
  CHECK(to_array(executable->read("sum1c")).data == reduced(values, {1}, false, 0, add).data);
  CHECK(to_array(executable->read("sum3")).data == reduced(values, {0, 2, 3}, false, 0, add).data);
  CHECK(to_array(executable->read("sum1")).data == reduced(values, {3}, false, 0, add).data);
  CHECK(to_array(executable->read("l1")).data ==
        reduced(values, {}, false, 0, [](double a, double b) { return a + std::fabs(b); }).data);
}

TEST_CASE("reduce: sum_to undoes broadcasting") {
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{4, 1}, Shape{3, 1, 5}, Shape{1, 3, 1, 1}, Shape{2, 1, 4, 5}}) {
    OpCase op_case;
    op_case.name = "sum_to " + to_string(shape);
    op_case.inputs = {{{DType::f32, {2, 3, 4, 5}}}};
    op_case.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{sum_to(x[0], shape)}; };
    op_case.reference = [=](std::span<const Array> x) {
      std::vector<int> axes;
      for (int axis = 0; axis < 4; ++axis) {
        const int own = axis - (4 - shape.rank());
        if (own < 0 || shape[own] == 1) axes.push_back(axis);
      }
      Array kept = reduced(x[0], axes, true, 0, [](double a, double b) { return a + b; });
      kept.shape = shape;
      return std::vector<Array>{kept};
    };
    check(op_case);
  }
  Graph graph;
  CHECK_THROWS_AS(sum_to(graph.input("x", {2, 3}), Shape{2}), Error);
}

}  // namespace tuff::test
