#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/ssim_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("ssim") {
  for (const OpCase& op_case : ssim_cases()) check(op_case);
}

TEST_CASE("ssim: an image is wholly similar to itself, whatever its range") {
  OpCase same = ssim_case("the same", {1, 1, 16, 16}, {.data_range = 255}, LossReduction::mean, 0, false);
  same.inputs.pop_back();
  same.build = [](Graph&, Inputs x) {
    const Value image = mul_scalar(x[0], 120);
    return std::vector<Value>{ssim(image, image, {.data_range = 255})};
  };
  same.reference = [](std::span<const Array>) { return std::vector<Array>{Array(Shape{}, 1)}; };
  same.check_gradient = false;
  same.tolerance = 1e-6;
  check(same);
}

TEST_CASE("ssim refuses windows and weights that don't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 1, 16, 10}), wide = graph.input("wide", {1, 1, 16, 16});
  CHECK_THROWS_WITH_AS(ssim(x, x), doctest::Contains("smaller than the window of 11"), Error);
  CHECK_THROWS_WITH_AS(ssim(wide, wide, {.window_size = 4}), doctest::Contains("window_size 4 must be odd"), Error);
  CHECK_THROWS_AS(ssim(wide, x), Error);
  CHECK_THROWS_WITH_AS(ssim(wide, wide, {}, {.weight = x}), doctest::Contains("must have the size of x"), Error);
  CHECK_THROWS_AS(ssim(graph.input("v", {4, 16}), graph.input("u", {4, 16})), Error);
}

}  // namespace tuff::test
