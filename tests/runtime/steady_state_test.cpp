// After the first run an executable asks the driver for nothing but submissions, counted at the driver's door.
#include <doctest/doctest.h>

#include <numeric>

#include "ops/pointwise.h"
#include "runtime/compile.h"
#include "support/test_layer.h"

using namespace tuff;
using tuff::test::TestLayer;

TEST_CASE("steady state: no pipeline, recording or allocation after the first run") {
  const TestLayer layer("");
  const auto device = Device::open();
  Graph graph;
  const Value x = graph.input("x", {4, 8, 16, 16});
  graph.output("y", sigmoid(add(mul(x, x), relu(x))));
  const auto executable = compile(graph, *device, nullptr);
  HostTensor input(Shape{4, 8, 16, 16});
  std::iota(input.floats().begin(), input.floats().end(), -1000.0f);
  const auto step = [&] {
    executable->write("x", input);
    executable->run();
    executable->read("y");
  };
  step();
  step();  // both staging slots have been used
  const TuffTestLayerCounts before = TestLayer::counts();
  constexpr std::uint64_t kSteps = 10;
  for (std::uint64_t i = 0; i < kSteps; ++i) step();
  const TuffTestLayerCounts after = TestLayer::counts();
  CHECK(after.pipelines == before.pipelines);
  CHECK(after.command_buffers == before.command_buffers);
  CHECK(after.allocations == before.allocations);
  CHECK(after.submissions - before.submissions == kSteps * executable->submissions_per_run());
}
