#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/matmul_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("matmul, linear and gemm") {
  for (const OpCase& op_case : matmul_cases()) check(op_case);
}

TEST_CASE("matmul: gemm with beta 0 doesn't look at c") {
  OpCase op_case = gemm_case({.beta = 0}, Shape{5, 7});
  op_case.inputs[2].values = Array(Shape{5, 7}, std::numeric_limits<double>::quiet_NaN());
  const auto reference = op_case.reference;
  op_case.reference = [=](std::span<const Array> x) {
    const std::vector<Array> zeroed = {x[0], x[1], Array(Shape{5, 7})};
    return reference(zeroed);
  };
  op_case.check_gradient = false;
  check(op_case);
}

TEST_CASE("matmul refuses shapes that don't fit") {
  Graph graph;
  int count = 0;
  const auto input = [&](Shape shape, DType dtype = DType::f32) {
    return graph.input(std::to_string(count++), std::move(shape), dtype);
  };
  CHECK_THROWS_WITH_AS(matmul(input({2, 3}), input({4, 5})),
                       "matmul: a (f32 2x3) and b (f32 4x5) don't fit: a's last extent is 3, b's last but one is 4",
                       Error);
  CHECK_THROWS_WITH_AS(matmul(input({2, 2, 3}), input({3, 3, 5})),
                       "matmul: a (f32 2x2x3) and b (f32 3x3x5) don't broadcast: 2 and 3 batches", Error);
  CHECK_THROWS_AS(matmul(input({}), input({3})), Error);
  CHECK_THROWS_AS(matmul(input({3}, DType::i32), input({3})), Error);
  CHECK_THROWS_WITH_AS(linear(input({2, 3}), input({4, 5})),
                       "linear: x is f32 2x3, weight f32 4x5; x must be (..., I), weight (O, I)", Error);
  CHECK_THROWS_WITH_AS(linear(input({2, 3}), input({4, 3}), input({3})),
                       "linear: bias is f32 3, must be f32 4 for weight f32 4x3", Error);
  CHECK_THROWS_AS(gemm(input({2, 3}), input({4, 3})), Error);
  CHECK_THROWS_AS(gemm(input({2, 2, 3}), input({3, 3})), Error);
  CHECK_THROWS_WITH_AS(gemm(input({2, 3}), input({3, 4}), input({2, 2, 4})),
                       "gemm: c (f32 2x2x4) doesn't broadcast to the product's 2x4", Error);
}

}  // namespace tuff::test
