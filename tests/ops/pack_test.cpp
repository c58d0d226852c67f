#include "ops/pack.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/pack_cases.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("pack: pieces lie at their variables' places, computed there or copied, and gaps stay zero") {
  Graph graph;
  const std::vector<Shape> shapes = pack_cases();
  std::vector<Value> pieces;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const std::string name = std::to_string(i);
    graph.parameter("p" + name, shapes[i], Initializer::constant(0));
    const Value x = graph.input("x" + name, shapes[i], DType::f32, Layout::weight);  // the variable's
    pieces.push_back(i % 2 == 0 ? x : add_scalar(x, 1));  // an input can't be written in place: it is copied
  }
  std::vector<std::uint64_t> offsets;
  for (const Variable& variable : graph.variables()) offsets.push_back(variable.offset);
  const Value flat = pack(graph, "gradients", pieces, offsets, graph.arena_elements("parameters"));
  graph.output("total", sum(flat));
  ParameterStore store(test_device(), graph);
  const auto executable = compile(graph, test_device(), &store);
  double total = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    HostTensor x(shapes[i]);
    for (std::size_t k = 0; k < x.floats().size(); ++k) {
      x.floats()[k] = static_cast<float>(100 * i + k);
      total += static_cast<double>(100 * i + k + i % 2);
    }
    executable->write("x" + std::to_string(i), x);
  }
  executable->run();
  CHECK(static_cast<double>(executable->read("total").floats()[0]) == doctest::Approx(total).epsilon(1e-6));
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const HostTensor piece = store.read("p" + std::to_string(i), "gradients");
    for (std::size_t k = 0; k < piece.floats().size(); ++k)
      CHECK(piece.floats()[k] == static_cast<float>(100 * i + k + i % 2));
  }
}

TEST_CASE("pack: pieces that overlap or stick out are refused") {
  Graph graph;
  const Value a = graph.input("a", {64}), b = graph.input("b", {64});
  CHECK_THROWS_WITH_AS(pack(graph, "gradients", {a, b}, {0, 32}, 128), doctest::Contains("doesn't fit at 32"), Error);
  CHECK_THROWS_AS(pack(graph, "gradients", {a, b}, {0, 64}, 127), Error);
  CHECK_THROWS_AS(pack(graph, "gradients", {a, b}, {0}, 128), Error);
}

}  // namespace tuff::test
