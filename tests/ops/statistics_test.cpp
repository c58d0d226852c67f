#include <doctest/doctest.h>

#include "autodiff/gradient.h"
#include "cases/statistics_cases.h"
#include "ops/pointwise.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("statistics: variance, standard deviation and norms") {
  for (const OpCase& op_case : statistics_cases()) check(op_case);
}

TEST_CASE("statistics: too few terms give NaN and infinity as in PyTorch") {
  OpCase one = variance_case({2, 1}, {1}, 1, false);
  one.reference = [](std::span<const Array>) {
    const Array nan(Shape{2}, std::numeric_limits<double>::quiet_NaN());
    return std::vector<Array>{nan, nan};
  };
  one.check_gradient = false;
  check(one);
  OpCase two = variance_case({1, 2}, {1}, 3, false);
  two.reference = [](std::span<const Array>) {
    const Array infinity(Shape{1}, std::numeric_limits<double>::infinity());
    return std::vector<Array>{infinity, infinity};
  };
  two.check_gradient = false;
  check(two);
}

TEST_CASE("statistics: what is 0 has no gradient, and NaN and infinity pass") {
  OpCase op_case{.name = "gradients at 0"};
  Array values(Shape{2, 3});
  values.data = {0, 0, 0, 3, 4, 0};
  op_case.inputs = {{.type = {DType::f32, {2, 3}}, .values = values}};
  op_case.build = [](Graph&, std::span<const Value> x) {
    const Value loss = add(sum(vector_norm(x[0], 2, {1})), sum(standard_deviation(mul_scalar(x[0], 0), {1})));
    const std::array wrt = {x[0]};
    return gradient(add(loss, vector_norm(mul_scalar(x[0], 0), 3)), wrt);
  };
  op_case.reference = [](std::span<const Array>) {
    Array expected(Shape{2, 3});
    expected.data = {0, 0, 0, 0.6, 0.8, 0};
    return std::vector<Array>{expected};
  };
  op_case.check_gradient = false;
  check(op_case);

  OpCase extremes = vector_norm_case({3, 2}, 2, {1}, false);
  Array infinite(Shape{3, 2}, 1);
  infinite.data[0] = -std::numeric_limits<double>::infinity();
  infinite.data[3] = std::numeric_limits<double>::quiet_NaN();
  extremes.inputs[0].values = infinite;
  extremes.check_gradient = false;
  check(extremes);
}

}  // namespace tuff::test
