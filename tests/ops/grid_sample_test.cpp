#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/grid_sample_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("grid_sample") {
  for (const OpCase& op_case : grid_sample_cases()) check(op_case);
}

TEST_CASE("grid_sample: affine_grid") {
  for (const OpCase& op_case : affine_grid_cases()) check(op_case);
}

TEST_CASE("grid_sample through an affine_grid moves an image by whole pixels") {
  OpCase moved{.name = "one pixel to the left",
               .inputs = {{.type = {DType::f32, {1, 4, 3, 5}}}, {.type = {DType::f32, {1, 2, 3}}}}};
  Array theta({1, 2, 3});
  theta.data = {1, 0, 2.0 / 5, 0, 1, 0};
  moved.inputs[1].values = theta;
  moved.check_gradient = false;
  moved.tolerance = 2e-6;
  moved.build = [](Graph&, std::span<const Value> in) {
    return std::vector<Value>{grid_sample(in[0], affine_grid(in[1], in[0].shape()))};
  };
  moved.reference = [](std::span<const Array> in) {
    return std::vector<Array>{generate({1, 4, 3, 5}, [&](const Index& at) {
      return at[3] == 4 ? 0.0 : in[0].at({at[0], at[1], at[2], at[3] + 1});
    })};
  };
  check(moved);
}

// Computed by PyTorch 2.13 on a CPU.
TEST_CASE("grid_sample gives PyTorch's numbers, also for NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto gives = [&](const GridSampleAttributes& attributes, const std::vector<double>& expected) {
    OpCase golden = grid_sample_case("golden", {1, 1, 3, 3}, {2, 3}, attributes);
    Array x({1, 1, 3, 3}), grid({1, 2, 3, 2}), y({1, 1, 2, 3});
    x.data = {1, 2, 4, 3, 0, -1, 5, 2, 7};
    grid.data = {-1.2, -0.9, 0.1, 0.7, 1.3, 0.2, 0.33, -0.45, nan, 0, 2.9, -3.1};
    y.data = expected;
    golden.inputs[0].values = x;
    golden.inputs[1].values = grid;
    golden.reference = [y](std::span<const Array>) { return std::vector<Array>{y}; };
    golden.check_gradient = false;
    check(golden);
  };
  using enum GridSampleMode;
  using enum GridPadding;
  gives({bilinear, zeros, false}, {0.13, 2.6125, 0.07, 1.857375, nan, 0});
  gives({bilinear, border, true}, {1.2, 1.72, 0.6, 1.0155, 3, 4});
  gives({bilinear, reflection, false}, {1, 2.75, 1.4, 1.857375, 3, 5});
  gives({bilinear, reflection, true}, {1.32, 1.72, 0.54, 1.0155, 3, 4.5});
  gives({nearest, zeros, false}, {0, 2, 0, 2, 0, 0});
  gives({nearest, reflection, true}, {1, 2, -1, 0, 3, 5});
  gives({bicubic, zeros, false}, {0.0517078, 2.4944148, 0.040797, 2.2101867, nan, 0});
  gives({bicubic, border, true}, {1.0859895, 1.4148784, -0.0975748, 0.4598766, nan, 4});
  gives({bicubic, reflection, true}, {1.0567043, 1.7155793, -0.0250437, 0.7403774, nan, 4.8739233});
}

TEST_CASE("grid_sample refuses a grid that doesn't fit, naming shapes") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 5, 6});
  CHECK_THROWS_WITH_AS(grid_sample(x, graph.input("three", {1, 2, 2, 3})),
                       "grid_sample: grid is f32 1x2x2x3, must be (1, 2 extents, 2) for x (1x4x5x6)", Error);
  CHECK_THROWS_AS(grid_sample(x, graph.input("batch", {2, 2, 2, 2})), Error);
  CHECK_THROWS_AS(grid_sample(x, graph.input("labels", {1, 2, 2, 2}, DType::i32)), Error);
  CHECK_THROWS_WITH_AS(grid_sample(graph.input("volume", {1, 4, 2, 2, 2}), graph.input("places", {1, 2, 2, 2, 3}),
                                   {.mode = GridSampleMode::bicubic}),
                       "grid_sample: mode bicubic takes one or two spatial axes, x is f32 1x4x2x2x2", Error);
  CHECK_THROWS_WITH_AS(
      affine_grid(graph.input("theta", {1, 2, 2}), {1, 4, 5, 6}),
      "affine_grid: theta is f32 1x2x2, must be (N, d, d + 1) for an image of 1x4x5x6 with d = 1 to 3 spatial axes",
      Error);
}

}  // namespace tuff::test
