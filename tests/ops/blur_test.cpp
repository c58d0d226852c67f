#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/blur_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("blur: gaussian_blur") {
  for (const OpCase& op_case : gaussian_blur_cases()) check(op_case);
}

TEST_CASE("blur: pyramids") {
  for (const OpCase& op_case : pyramid_cases()) check(op_case);
}

// conv2d with torchvision's weights over a reflected border, computed by PyTorch 2.13.
TEST_CASE("blur: gaussian_blur gives PyTorch's numbers") {
  OpCase golden = gaussian_blur_case("golden", {1, 1, 3, 4}, {3, 5}, {0.8, 1.1});
  Array x({1, 1, 3, 4}), y({1, 1, 3, 4});
  x.data = {1, 2, 4, 0, 3, 0, -1, 2, 5, 2, 7, 1};
  y.data = {1.461145, 1.399102, 1.336267, 1.288232, 1.874235, 1.760164,
            1.687351, 1.639556, 2.45442,  2.329321, 2.301187, 2.246806};
  golden.inputs[0].values = x;
  golden.reference = [y](std::span<const Array>) { return std::vector<Array>{y}; };
  golden.check_gradient = false;
  check(golden);
}

TEST_CASE("blur keeps a constant image, down and up") {
  OpCase constant = pyramid_case("constant", {1, 4, 7, 9}, true, {}, 0.4);
  constant.inputs[0].values = Array({1, 4, 7, 9}, 3);
  constant.build = [](Graph&, std::span<const Value> x) {
    return std::vector<Value>{pyramid_up(pyramid_down(x[0], 0.4), {7, 9}, 0.4), gaussian_blur(x[0], {5})};
  };
  constant.reference = [](std::span<const Array> x) { return std::vector<Array>{x[0], x[0]}; };
  constant.check_gradient = false;
  check(constant);
}

TEST_CASE("blur refuses what it can't mean") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 5, 6});
  CHECK_THROWS_WITH_AS(gaussian_blur(x, {4}), "gaussian_blur: kernel_size is 4, must be odd", Error);
  CHECK_THROWS_WITH_AS(gaussian_blur(x, {3}, {0.0}), "gaussian_blur: sigma is 0, must be above 0", Error);
  CHECK_THROWS_AS(gaussian_blur(x, {3}, {1.0, 1.0, 1.0}), Error);
  CHECK_THROWS_AS(gaussian_blur(x, {}), Error);
  CHECK_THROWS_WITH_AS(pyramid_up(x, {10, 13}), "pyramid_up: axis 3 of x (f32 1x4x5x6) grows to 11 or 12, not 13",
                       Error);
  CHECK_THROWS_AS(pyramid_up(x, {10}), Error);
  CHECK_THROWS_AS(pyramid_down(graph.input("flat", {4, 4})), Error);
}

}  // namespace tuff::test
