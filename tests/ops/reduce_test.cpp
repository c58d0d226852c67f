#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "base/philox.h"
#include "cases/reduce_cases.h"
#include "ops/pointwise.h"
#include "runtime/compile.h"
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
      const double upstream = x[1].data[i / 4 * 4] + x[1].data[i / 4 * 4 + 1] + x[1].data[i / 4 * 4 + 2] + x[1].data[i / 4 * 4 + 3];
      result.data[i] = i < 4 ? (x[0].data[i] == 3 ? upstream / 2 : 0) : upstream / 4;
    }
    return std::vector<Array>{result};
  };
  op_case.check_gradient = false;
  check(op_case);
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
