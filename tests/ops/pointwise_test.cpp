#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cases/pointwise_cases.h"
#include "runtime/compile.h"
#include "support/known_values.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

Array run(const std::function<Value(Value)>& function, const std::vector<double>& values) {
  Graph graph;
  Array input(Shape{static_cast<std::int64_t>(values.size())});
  input.data = values;
  const Value x = graph.input("x", input.shape);
  graph.output("y", function(x));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", to_tensor(input, DType::f32));
  executable->run();
  return to_array(executable->read("y"));
}

}  // namespace

TEST_CASE("pointwise: every row and every way of broadcasting") {
  for (const OpCase& op_case : pointwise_cases()) check(op_case);
}

TEST_CASE("pointwise: elementary functions are accurate to 1e-6 of each element") {
  CHECK(element_error([](Value x) { return exp(x); }, [](double a) { return std::exp(a); }, -80, 88) < 1e-6);
  CHECK(element_error([](Value x) { return log(x); }, [](double a) { return std::log(a); }, 1e-6, 3) < 1e-6);
  CHECK(element_error([](Value x) { return log(x); }, [](double a) { return std::log(a); }, 1e30, 3e38) < 1e-6);
  CHECK(element_error([](Value x) { return tanh(x); }, [](double a) { return std::tanh(a); }, -11, 10) < 1e-6);
  CHECK(element_error([](Value x) { return sigmoid(x); }, [](double a) { return 1 / (1 + std::exp(-a)); }, -80, 80) <
        1e-6);
  CHECK(element_error([](Value x) { return softplus(x); }, [](double a) { return std::log1p(std::exp(a)); }, -80, 80) <
        1e-6);
  CHECK(element_error([](Value x) { return sqrt(x); }, [](double a) { return std::sqrt(a); }, 1e-20, 1e20) < 1e-6);
  CHECK(element_error([](Value x) { return pow(x, 0.3f); },
                      [](double a) { return std::pow(a, static_cast<double>(0.3f)); }, 0.01, 10) < 1e-6);
}

TEST_CASE("pointwise: infinities and NaN as in PyTorch") {
  const std::vector<double> values = {kNaN, kInf, -kInf, 0, -1, 1, 200, -200};
  const auto expect = [&](const char* name, const std::function<Value(Value)>& function, std::vector<double> expected) {
    INFO(std::string(name));
    const Array result = run(function, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      INFO("of ", values[i], " is ", result.data[i]);
      const double want = expected[i], got = result.data[i];
      CHECK((std::isnan(want)   ? std::isnan(got)
             : std::isinf(want) ? got == want
                                : std::fabs(got - want) <= 1e-6 * std::fabs(want)));
    }
  };
  const double e = std::exp(1.0), s = 1 / (1 + e), t = std::tanh(1.0), l = std::log1p(1 / e);
  expect("relu", [](Value x) { return relu(x); }, {kNaN, kInf, 0, 0, 0, 1, 200, 0});
  expect("exp", [](Value x) { return exp(x); }, {kNaN, kInf, 0, 1, 1 / e, e, kInf, 0});
  expect("log", [](Value x) { return log(x); }, {kNaN, kInf, kNaN, -kInf, kNaN, 0, std::log(200.0), kNaN});
  expect("tanh", [](Value x) { return tanh(x); }, {kNaN, 1, -1, 0, -t, t, 1, -1});
  expect("sigmoid", [](Value x) { return sigmoid(x); }, {kNaN, 1, 0, 0.5, s, 1 - s, 1, 0});
  expect("softplus", [](Value x) { return softplus(x); }, {kNaN, kInf, 0, std::log(2.0), l, 1 + l, 200, 0});
  expect("clamp", [](Value x) { return clamp(x, -2, 3); }, {kNaN, 3, -2, 0, -1, 1, 3, -2});
  expect("pow", [](Value x) { return pow(x, 3.0f); }, {kNaN, kInf, -kInf, 0, -1, 1, 8e6, -8e6});
  expect("maximum", [](Value x) { return maximum(x, neg(x)); }, {kNaN, kInf, kInf, 0, 1, 1, 200, 200});
  expect("mask", [](Value x) { return mask(x, greater(x, 0.f)); }, {0, kInf, 0, 0, 0, 1, 200, 0});
}

TEST_CASE("pointwise: grids of more than 65535 groups") {
  std::vector<double> values(4'300'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 1000);
  const Array result = run([](Value x) { return add_scalar(x, 0.5f); }, values);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) wrong += result.data[i] != values[i] + 0.5;
  CHECK(wrong == 0);
}

TEST_CASE("pointwise: shapes that don't broadcast are refused by name") {
  Graph graph;
  const Value a = graph.input("a", {2, 3, 4, 4}), b = graph.input("b", {2, 4, 4, 4});
  CHECK_THROWS_WITH_AS(add(a, b), doctest::Contains("2x3x4x4 and 2x4x4x4 don't broadcast"), Error);
  CHECK_THROWS_AS(add(a, Value{}), Error);
  const Value w = graph.input("w", {2, 3, 4, 4}, DType::f32, Layout::weight);
  CHECK_THROWS_WITH_AS(add(a, w), doctest::Contains("memory layout"), Error);
}

}  // namespace tuff::test
