#include <doctest/doctest.h>

#include <cmath>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "cases/gather_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("gather") {
  for (const OpCase& op_case : gather_cases()) check(op_case);
}

TEST_CASE("gather keeps the bits of integers") {
  for (OpCase integers : {gather_case({4, 5, 6}, 2, {3, 5, 9}), take_case({10, 8}, 0, {20})}) {
    integers.inputs[0].type.dtype = DType::i32;
    integers.inputs[0].fill = Fill::labels;
    integers.inputs[0].label_count = 1 << 30;
    check(integers);
  }
}

TEST_CASE("gather: indices outside give NaN and get no gradient") {
  Graph graph;
  const Value x = graph.input("x", {3, 4});
  const Value index = graph.input("index", {4}, DType::i32);
  const Value rows = index_select(x, 0, index);
  const std::vector<Value> upstream = {graph.input("upstream", {4, 4})}, outputs = {rows}, wrt = {x};
  graph.output("rows", rows);
  graph.output("gradient", gradient(outputs, upstream, wrt)[0]);
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", HostTensor::from_floats({3, 4}, std::vector<float>(12, 2)));
  executable->write("index", HostTensor::from_ints({4}, std::vector<std::int32_t>{3, -3, -4, 1 << 30}));
  executable->write("upstream", HostTensor::from_floats({4, 4}, std::vector<float>(16, 1)));
  executable->run();
  const HostTensor read = executable->read("rows"), gradients = executable->read("gradient");
  for (std::size_t i = 0; i < 16; ++i) CHECK((i / 4 == 1 ? read.floats()[i] == 2 : std::isnan(read.floats()[i])));
  for (std::size_t i = 0; i < 12; ++i) CHECK(gradients.floats()[i] == (i < 4 ? 1.0f : 0.0f));
}

TEST_CASE("gather refuses indices that don't fit, naming them") {
  Graph graph;
  const Value x = graph.input("x", {3, 4, 5});
  const Value index = graph.input("index", {3, 5, 5}, DType::i32);
  CHECK(gather(x, 1, index).shape() == Shape{3, 5, 5});
  CHECK_THROWS_WITH_AS(gather(x, 0, index),
                       "gather: index i32 3x5x5 must have the rank of x (f32 3x4x5) and be no larger but along axis 0",
                       Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, x), "gather: the index must be i32, got f32 3x4x5", Error);
  CHECK_THROWS_WITH_AS(gather(x, 3, index), "gather: axis 3 of x (f32 3x4x5) must lie between -3 and 2", Error);
  const Value fixed = graph.constant(HostTensor::from_ints({2}, std::vector<std::int32_t>{-4, 4}));
  CHECK_THROWS_WITH_AS(take(x, 1, fixed), "take: index 4 lies outside of an axis of extent 4", Error);
  CHECK(take(x, 2, fixed).shape() == Shape{3, 4, 2});
  CHECK_THROWS_WITH_AS(index_select(x, 1, index),
                       "index_select: the index must be a vector, got i32 3x5x5; take() has any rank", Error);
  CHECK_THROWS_WITH_AS(embedding(x, fixed), "embedding: weight must be (rows, features), got f32 3x4x5", Error);
  CHECK_THROWS_WITH_AS(
      gather_nd(x, index),
      "gather_nd: indices i32 3x5x5 with batch_dims 0 don't fit 3x4x5: i32 (batch..., ..., k), k at most 8 "
      "and x's axes after the batch",
      Error);
  CHECK_THROWS_AS(gather_nd(x, graph.input("tuples", {4, 2}, DType::i32), 1), Error);
  const Value tuples = graph.constant(HostTensor::from_ints({2, 2}, std::vector<std::int32_t>{2, 3, -3, 4}));
  CHECK_THROWS_WITH_AS(gather_nd(x, tuples), "gather_nd: index 4 lies outside of an axis of extent 4", Error);
  CHECK(gather_nd(graph.input("wider", {3, 5}), tuples).shape() == Shape{2});
}

}  // namespace tuff::test
