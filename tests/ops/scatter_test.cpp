#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "cases/scatter_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

namespace {

using Floats = std::vector<float>;

// The result, and gradients of data and updates for an upstream gradient of ones.
struct Scattered {
  Floats result, data, updates;
};

Scattered scattered(const Floats& data, const std::vector<std::int32_t>& index, const Floats& updates,
                    ScatterReduction reduction) {
  Graph graph;
  const Shape shape{static_cast<std::int64_t>(data.size())}, count{static_cast<std::int64_t>(index.size())};
  const std::vector<Value> wrt = {graph.input("data", shape), graph.input("updates", count)};
  const Value y = scatter(wrt[0], 0, graph.input("index", count, DType::i32), wrt[1], reduction);
  const std::vector<Value> outputs = {y}, upstream = {graph.input("upstream", shape)};
  const std::vector<Value> gradients = gradient(outputs, upstream, wrt);
  graph.output("y", y);
  graph.output("data", gradients[0]);
  graph.output("updates", gradients[1]);
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("data", HostTensor::from_floats(shape, data));
  executable->write("updates", HostTensor::from_floats(count, updates));
  executable->write("index", HostTensor::from_ints(count, index));
  executable->write("upstream", HostTensor::from_floats(shape, Floats(data.size(), 1)));
  executable->run();
  const auto read = [&](const char* name) {
    const HostTensor tensor = executable->read(name);
    return Floats(tensor.floats().begin(), tensor.floats().end());
  };
  return {read("y"), read("data"), read("updates")};
}

}  // namespace

TEST_CASE("scatter") {
  for (const OpCase& op_case : scatter_cases()) check(op_case);
}

TEST_CASE("scatter of integers") {
  using enum ScatterReduction;
  for (const ScatterReduction reduction : {none, add, mul, min, max}) {
    for (OpCase integers :
         {scatter_case({4, 5, 6}, 2, {3, 5, 9}, reduction), scatter_nd_case({4, 5, 4}, {25, 1}, reduction)}) {
      for (const std::size_t input : {0, 2}) {
        integers.inputs[input].type.dtype = DType::i32;
        integers.inputs[input].fill = Fill::labels;
        integers.inputs[input].label_count = reduction == mul ? 4 : 1 << 20;
      }
      integers.tolerance = 0;
      check(integers);
    }
  }
}

// Numbers by PyTorch 2.13: scatter_reduce with include_self.
TEST_CASE("scatter: gradients where updates meet") {
  const std::vector<std::int32_t> index = {0, 0, 2, 2};
  const Scattered largest = scattered({3, 1, 2}, index, {3, 3, 1, 5}, ScatterReduction::max);
  CHECK(largest.result == Floats{3, 1, 5});
  CHECK(largest.data == Floats{1.0f / 3, 1, 0});
  CHECK(largest.updates == Floats{1.0f / 3, 1.0f / 3, 0, 1});
  const Scattered one_zero = scattered({3, 1, 2}, index, {0, 4, 2, 5}, ScatterReduction::mul);
  CHECK(one_zero.result == Floats{0, 1, 20});
  CHECK(one_zero.data == Floats{0, 1, 10});
  CHECK(one_zero.updates == Floats{12, 0, 10, 4});
  const Scattered two_zeros = scattered({3, 1, 2}, index, {0, 0, 2, 0}, ScatterReduction::mul);
  CHECK(two_zeros.updates == Floats{0, 0, 0, 4});
  const Scattered last = scattered({3, 1, 2}, index, {7, 8, 9, 10}, ScatterReduction::none);
  CHECK(last.result == Floats{8, 1, 10});
  CHECK(last.data == Floats{0, 1, 0});
  CHECK(last.updates == Floats{0, 1, 0, 1});
}

TEST_CASE("scatter: indices outside are ignored, NaN wins") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const ScatterReduction reduction : {ScatterReduction::none, ScatterReduction::add, ScatterReduction::mul}) {
    const Scattered outside = scattered({3, 1, 2}, {3, -4, 1 << 30, INT32_MIN}, {5, 5, 5, 5}, reduction);
    CHECK(outside.result == Floats{3, 1, 2});
    CHECK(outside.data == Floats{1, 1, 1});
    CHECK(outside.updates == Floats{0, 0, 0, 0});
  }
  for (const ScatterReduction reduction : {ScatterReduction::min, ScatterReduction::max}) {
    const Floats result = scattered({nan, 1, 2}, {0, 1, 2, 2}, {1, nan, nan, 1}, reduction).result;
    for (const float value : result) CHECK(std::isnan(value));
  }
}

TEST_CASE("scatter refuses what doesn't fit, naming it") {
  Graph graph;
  const Value data = graph.input("data", {3, 4});
  const Value index = graph.input("index", {2, 5}, DType::i32);
  const Value updates = graph.input("updates", {2, 5});
  CHECK(scatter_add(data, 1, index, updates).shape() == Shape{3, 4});
  CHECK_THROWS_WITH_AS(
      scatter(data, 0, index, updates),
      "scatter: index i32 2x5 must be no larger than data (f32 3x4) but along axis 0, nor than updates (f32 2x5)",
      Error);
  CHECK_THROWS_WITH_AS(
      scatter(data, 1, index, data),
      "scatter: index i32 2x5 must be no larger than data (f32 3x4) but along axis 1, nor than updates (f32 3x4)",
      Error);
  CHECK_THROWS_WITH_AS(scatter(data, 1, updates, updates), "scatter: the index must be i32, got f32 2x5", Error);
  CHECK_THROWS_WITH_AS(scatter(data, 2, index, updates), "scatter: axis 2 of data (f32 3x4) must lie between -2 and 1",
                       Error);
  const Value fixed = graph.constant(HostTensor::from_ints({2}, std::vector<std::int32_t>{0, -4}));
  CHECK_THROWS_WITH_AS(index_add(data, 0, fixed, updates), "index_add: index -4 lies outside of an axis of extent 3",
                       Error);
  CHECK_THROWS_WITH_AS(index_copy(data, 1, fixed, updates),
                       "scatter: updates f32 2x5 and index i32 2 don't fit data (f32 3x4) along axis 1", Error);
  CHECK_THROWS_WITH_AS(scatter_nd(data, graph.input("tuples", {5, 1}, DType::i32), updates),
                       "scatter_nd: updates (f32 2x5) must be 5x4 for data (f32 3x4) and indices i32 5x1", Error);
}

}  // namespace tuff::test
