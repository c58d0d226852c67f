#include <doctest/doctest.h>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "cases/focal_loss_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("focal_loss") {
  for (const OpCase& op_case : focal_loss_cases()) check(op_case);
}

TEST_CASE("focal_loss: classes that are impossible leave the gradient finite") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 1}), target = graph.input("t", {1, 1}, DType::i32);
  graph.output("dx", gradient(focal_loss(x, target, {.gamma = 0.5f}), {&x, 1}).front());
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", HostTensor::from_floats({1, 3, 1}, std::vector<float>{0, 1, -INFINITY}));
  executable->write("t", HostTensor::from_ints({1, 1}, std::vector<std::int32_t>{1}));
  executable->run();
  for (const float value : executable->read("dx").floats()) CHECK(std::isfinite(value));
}

TEST_CASE("focal_loss refuses what doesn't fit") {
  Graph graph;
  const Value x = graph.input("x", {1, 3, 4, 5});
  CHECK_THROWS_WITH_AS(focal_loss(x, graph.input("t", {1, 4, 5}, DType::i32), {.gamma = -1}),
                       doctest::Contains("gamma is -1"), Error);
  CHECK_THROWS_AS(focal_loss(x, graph.input("turned", {1, 5, 4}, DType::i32)), Error);
  CHECK_THROWS_WITH_AS(focal_loss(x, graph.input("f", {1, 4, 5})), doctest::Contains("focal_loss: x (f32 1x3x4x5)"),
                       Error);
  CHECK_THROWS_AS(sigmoid_focal_loss(x, graph.input("s", {1, 3, 4, 4})), Error);
}

}  // namespace tuff::test
