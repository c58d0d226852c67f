#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "cases/cast_cases.h"
#include "ops/bce_with_logits.h"
#include "ops/pointwise.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/skip.h"
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
}

TEST_CASE("cast: f16 rounds to the nearest, of two the even one") {
  if (!test_device().caps().storage_16bit) {
    skip("cast to f16: the device has no 16-bit storage");
    return;
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float ulp = 0x1p-10f;  // of numbers from 1
  const std::vector<float> values = {
      1 + ulp / 2, 1 + 3 * ulp / 2, -1 - ulp / 2, 1 + 0.51f * ulp, 65504,    65519.9f,   65520,
      -1e9f,       infinity,        -infinity,    -0.0f,           0x1p-14f, 0x1.8p-24f, 0x1.4p-24f,
      0x1p-24f,    0x1p-25f,        0x1.1p-25f,   0.333333f,       2049,     2051,       0x1.ff8p-15f};
  const std::vector<float> rounded = {1,         1 + 2 * ulp, -1,        1 + ulp,     65504,    65504,    infinity,
                                      -infinity, infinity,    -infinity, -0.0f,       0x1p-14f, 0x1p-23f, 0x1p-24f,
                                      0x1p-24f,  0,           0x1p-24f,  0x1.554p-2f, 2048,     2052,     0x1.ff8p-15f};
  const auto count = static_cast<std::int64_t>(values.size());
  Graph graph;
  const Value x = graph.input("x", {count}), nan = graph.input("nan", {1});
  graph.output("y", cast(cast(x, DType::f16), DType::f32));
  graph.output("still_nan", cast(cast(nan, DType::f16), DType::f32));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", HostTensor::from_floats({count}, values));
  executable->write("nan", HostTensor::from_floats({1}, std::vector{std::numeric_limits<float>::quiet_NaN()}));
  executable->run();
  const HostTensor y = executable->read("y");
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    INFO("value ", values[i]);
    CHECK(y.floats()[i] == rounded[i]);
    CHECK(std::signbit(y.floats()[i]) == std::signbit(rounded[i]));
  }
  CHECK(std::isnan(executable->read("still_nan").floats()[0]));
}

TEST_CASE("cast: gradients of f16 are cast back, ops take f16 where their kernels do") {
  Graph graph;
  const Value x = graph.input("x", {3}), half = cast(x, DType::f16);
  CHECK(half.dtype() == DType::f16);
  CHECK(relu(half).dtype() == DType::f16);
  const std::vector<Value> outputs = {cast(relu(half), DType::f32)}, upstream = {x}, wrt = {x};
  CHECK(gradient(outputs, upstream, wrt)[0].dtype() == DType::f32);
  CHECK_THROWS_WITH_AS(add(half, x), "pointwise: input 1 is f32 3, others are f16; cast one or the other", Error);
  CHECK_THROWS_WITH_AS(bce_with_logits(half, half),
                       "bce_with_logits: input 0 is f16 3, the op takes it as f32 only; cast it", Error);
}

}  // namespace tuff::test
