#include "ops/assign.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "cases/assign_cases.h"
#include "ops/pointwise.h"
#include "ops/softmax.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("assign: buffers take values, and their neighbours keep theirs") {
  Graph graph;
  const std::vector<Shape> shapes = assign_cases();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Value variable = graph.buffer("b" + std::to_string(i), shapes[i], Initializer::constant(2));
    graph.buffer("between" + std::to_string(i), {1}, Initializer::constant(-1));
    assign(variable, add_scalar(mul_scalar(variable, 3), static_cast<float>(i)));
  }
  ParameterStore store(test_device(), graph);
  store.initialize(0);
  const auto executable = compile(graph, test_device(), &store);
  executable->run();
  executable->run();
  executable->wait();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto n = static_cast<float>(i);
    const HostTensor values = store.read("b" + std::to_string(i));
    for (const float value : values.floats()) CHECK(value == (2 * 3 + n) * 3 + n);
    CHECK(store.read("between" + std::to_string(i)).floats()[0] == -1);
  }
}

// The value may be computed in the variable's memory only where nobody needs the old contents any more.
TEST_CASE("assign: every other node reads the old contents, wherever it stands") {
  for (const char* reader : {"none", "earlier", "later", "not in place", "arena", "output"}) {
    const std::string kind = reader;
    CAPTURE(kind);
    Graph graph;
    const Value variable = graph.buffer("b", {1, 8}, Initializer::constant(2));
    if (kind == "earlier") graph.output("y", mul_scalar(variable, 5));
    assign(variable, kind == "not in place" ? softmax(variable) : mul_scalar(variable, 1 / 16.0f));
    if (kind == "later") graph.output("y", mul_scalar(variable, 5));
    if (kind == "arena") graph.output("y", mul_scalar(graph.arena("buffers"), 5));
    if (kind == "output") graph.output("y", variable);
    ParameterStore store(test_device(), graph);
    store.initialize(0);
    const auto executable = compile(graph, test_device(), &store);
    const bool copied = std::any_of(
        executable->plan().selections.begin(), executable->plan().selections.end(),
        [&](const Selection& selection) { return executable->graph().nodes()[selection.node].op->name() == "assign"; });
    CHECK(copied == (kind == "later" || kind == "arena" || kind == "not in place"));
    executable->run();
    executable->wait();
    if (kind == "output") CHECK(executable->read("y").floats()[0] == 1 / 8.0f);
    if (kind == "earlier" || kind == "later" || kind == "arena") CHECK(executable->read("y").floats()[0] == 10);
    const HostTensor values = store.read("b");
    for (const float value : values.floats()) CHECK(value == 1 / 8.0f);
  }
}

TEST_CASE("assign: to what isn't a variable, or of another type, is refused") {
  Graph graph;
  const Value x = graph.input("x", {4}), b = graph.buffer("b", {4}, Initializer::constant(0));
  CHECK_THROWS_WITH_AS(assign(x, b), doctest::Contains("isn't a parameter or buffer"), Error);
  CHECK_THROWS_AS(assign(b, graph.input("y", {5})), Error);
}

}  // namespace tuff::test
