#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "cases/softmax_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("softmax") {
  for (const OpCase& op_case : softmax_cases()) check(op_case);
}

TEST_CASE("softmax of large logits neither overflows nor loses the small ones") {
  for (const bool log : {false, true}) {
    OpCase large = softmax_case("large logits", {1, 3, 1, 2}, 1, log);
    Array logits({1, 3, 1, 2});
    logits.data = {1000, -500, 999, -501, -1000, -540};
    large.inputs[0].values = logits;
    large.tolerance = 1e-6;
    large.check_gradient = false;
    check(large);
  }
}

// As PyTorch 2.13: a row of nothing but minus infinity, or with plus infinity or NaN, is NaN throughout.
TEST_CASE("softmax of infinities, short and long rows") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const std::int64_t extent : {3, 1300}) {
    for (const bool log : {false, true}) {
      const Shape shape{5, extent};
      OpCase extremes = softmax_case("extremes", shape, 1, log);
      Array values(shape, -kInfinity);
      values.at({1, 0}) = values.at({1, extent - 1}) = 2;
      values.at({2, extent - 1}) = kInfinity;
      values.at({3, 1}) = std::numeric_limits<double>::quiet_NaN();
      for (std::int64_t k = 0; k < extent; ++k) values.at({4, k}) = 88;
      extremes.inputs[0].values = values;
      extremes.reference = [=](std::span<const Array>) {
        Array expected(shape, std::numeric_limits<double>::quiet_NaN());
        const auto n = static_cast<double>(extent);
        for (std::int64_t k = 0; k < extent; ++k) {
          const bool chosen = k == 0 || k == extent - 1;
          expected.at({1, k}) = log ? (chosen ? -std::log(2.0) : -kInfinity) : (chosen ? 0.5 : 0);
          expected.at({4, k}) = log ? -std::log(n) : 1 / n;
        }
        return std::vector<Array>{expected};
      };
      extremes.check_gradient = false;
      extremes.tolerance = 1e-6;
      check(extremes);
    }
  }
}

TEST_CASE("softmax of a million elements adds to 1") {
  Graph graph;
  const Shape shape{1'000'003};
  graph.output("y", softmax(graph.input("x", shape), 0));
  Array values(shape);
  for (std::size_t i = 0; i < values.data.size(); ++i)
    values.data[i] = static_cast<float>(std::sin(static_cast<double>(i)));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", to_tensor(values, DType::f32));
  executable->run();
  const Array y = to_array(executable->read("y"));
  double exponentials = 0;
  for (const double value : values.data) exponentials += std::exp(value);
  CHECK(std::fabs(y.data[0] * exponentials / std::exp(values.data[0]) - 1) < 1e-6);
}

TEST_CASE("softmax refuses axes that aren't there") {
  Graph graph;
  CHECK_THROWS_AS(softmax(graph.input("x", {1, 4, 4, 4}), 4), Error);
  CHECK_THROWS_AS(softmax(graph.input("vector", {4})), Error);
}

}  // namespace tuff::test
