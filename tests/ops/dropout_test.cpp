#include "ops/dropout.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "cases/dropout_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("dropout: elements and channels by the host's Philox") {
  for (const OpCase& op_case : dropout_cases()) check(op_case);
}

TEST_CASE("dropout: without training, or with p = 0, x itself") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4});
  CHECK(dropout(x, {}, {.training = false}) == x);
  CHECK(dropout(x, {}, {.p = 0}) == x);
}

TEST_CASE("dropout: NaN and infinity stay NaN where they are dropped, as in PyTorch") {
  Graph graph;
  const Value x = graph.input("x", {64});
  graph.output("y", dropout(x, graph.input("state", {kRandomStateElements}, DType::i32)));
  const auto executable = compile(graph, test_device(), nullptr);
  HostTensor values({64});
  for (std::size_t i = 0; i < 64; ++i)
    values.floats()[i] = i % 2 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  executable->write("x", values);
  executable->write("state", HostTensor::from_ints({kRandomStateElements}, random_state(1, 0)));
  executable->run();
  int dropped = 0;
  const HostTensor y = executable->read("y");
  for (std::size_t i = 0; i < 64; ++i) {
    if (i % 2 == 0) CHECK(std::isnan(y.floats()[i]));
    if (i % 2 == 1) CHECK((std::isnan(y.floats()[i]) || std::isinf(y.floats()[i])));
    dropped += i % 2 == 1 && std::isnan(y.floats()[i]);
  }
  CHECK(dropped > 4);
  CHECK(dropped < 28);
}

TEST_CASE("dropout: probabilities out of range and inputs without channels are refused") {
  Graph graph;
  const Value x = graph.input("x", {8});
  CHECK_THROWS_WITH_AS(dropout(x, {}, {.p = 1.5f}), doctest::Contains("p is 1.5"), Error);
  CHECK_THROWS_AS(dropout(x, {}, {.p = std::numeric_limits<float>::quiet_NaN()}), Error);
  CHECK_THROWS_WITH_AS(dropout(x, {}, {.channels = true}), doctest::Contains("no channels"), Error);
  CHECK_THROWS_WITH_AS(dropout(x, {}), doctest::Contains("random state"), Error);
}

}  // namespace tuff::test
