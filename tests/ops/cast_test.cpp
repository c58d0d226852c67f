#include <doctest/doctest.h>

#include <limits>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "cases/cast_cases.h"
#include "ops/pointwise.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("cast") {
  for (const OpCase& op_case : cast_cases()) check(op_case);
}

TEST_CASE("cast: what the other type can't hold") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> floats = {0.99f,         -0.99f,        -1.5f,     3e9f,
                                     -3e9f,         infinity,      -infinity, std::numeric_limits<float>::quiet_NaN(),
                                     2147483520.0f, -2147483648.0f};
  const std::vector<std::int32_t> truncated = {0,         0,         -1, INT32_MAX,  INT32_MIN,
                                               INT32_MAX, INT32_MIN, 0,  2147483520, INT32_MIN};
  const std::vector<std::int32_t> ints = {16777216, 16777217, 16777219, INT32_MAX, INT32_MIN, -1};
  const std::vector<float> rounded = {16777216, 16777216, 16777220, 2147483648.0f, -2147483648.0f, -1};
  Graph graph;
  graph.output("truncated", cast(graph.input("floats", {10}), DType::i32));
  graph.output("rounded", cast(graph.input("ints", {6}, DType::i32), DType::f32));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("floats", HostTensor::from_floats({10}, floats));
  executable->write("ints", HostTensor::from_ints({6}, ints));
  executable->run();
  const HostTensor to_ints = executable->read("truncated"), to_floats = executable->read("rounded");
  for (std::size_t i = 0; i < truncated.size(); ++i) CHECK(to_ints.ints()[i] == truncated[i]);
  for (std::size_t i = 0; i < rounded.size(); ++i) CHECK(to_floats.floats()[i] == rounded[i]);
}

TEST_CASE("cast: no gradient flows, and one type is no work") {
  Graph graph;
  const Value x = graph.input("x", {3});
  CHECK(cast(x, DType::f32) == x);
  const std::vector<Value> outputs = {mul(x, cast(cast(x, DType::i32), DType::f32))}, upstream = {x}, wrt = {x};
  CHECK(gradient(outputs, upstream, wrt)[0].shape() == Shape{3});
  CHECK_THROWS_WITH_AS(cast(x, DType::f16), "cast: f32 3 to f16; takes and gives f32 and i32", Error);
}

}  // namespace tuff::test
