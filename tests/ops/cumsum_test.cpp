#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/philox.h"
#include "cases/cumsum_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("cumsum") {
  for (const OpCase& op_case : cumsum_cases()) check(op_case);
}

TEST_CASE("cumsum: NaN and infinity stay from where they stand") {
  OpCase op_case = cumsum_case({3, 4}, 1);
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  Array values(Shape{3, 4});
  values.data = {0, nan, 0, 1, infinity, 4, -infinity, 1, 1, -infinity, 3, -infinity};
  op_case.inputs[0].values = values;
  op_case.check_gradient = false;
  check(op_case);
}

TEST_CASE("cumsum: a million terms to 1e-6 at every place") {
  Graph graph;
  const Shape shape{1'000'003};
  graph.output("y", cumsum(graph.input("x", shape), 0));
  Array values(shape);
  PhiloxStream draws(2);
  for (double& value : values.data) value = static_cast<float>(draws.uniform(0, 1));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", to_tensor(values, DType::f32));
  executable->run();
  const Array y = to_array(executable->read("y"));
  double sum = 0, worst = 0;
  for (std::size_t i = 0; i < values.data.size(); ++i) {
    sum += values.data[i];
    worst = std::max(worst, std::fabs(y.data[i] / sum - 1));
  }
  CHECK(worst < 1e-6);
}

TEST_CASE("cumsum refuses axes that aren't there") {
  Graph graph;
  CHECK_THROWS_WITH_AS(cumsum(graph.input("x", {2, 3}), 2), "cumsum: x (f32 2x3) has no axis 2", Error);
  CHECK_THROWS_AS(cumsum(graph.input("i", {2, 3}, DType::i32), 0), Error);
}

}  // namespace tuff::test
