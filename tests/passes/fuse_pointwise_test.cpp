#include "passes/fuse_pointwise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ops/pointwise.h"
#include "ops/reduce.h"

namespace tuff::test {
namespace {

const PointwiseProgram& program_of(const Graph& graph, std::size_t node) {
  return dynamic_cast<const Pointwise&>(*graph.nodes().at(node).op).program();
}

}  // namespace

TEST_CASE("fuse_pointwise: a chain becomes one node that computes the same") {
  Graph graph;
  const Value x = graph.input("x", {2, 4, 3, 3}), bias = graph.input("bias", {4, 1, 1});
  graph.output("y", mul_scalar(sigmoid(leaky_relu(add(x, bias), 0.1f)), 3));
  const auto fused = fuse_pointwise(graph);
  REQUIRE(fused->nodes().size() == 1);
  CHECK(fused->nodes()[0].op->attributes() ==
        "t0 = add(x0, x1); t1 = leaky_relu(t0, 0.1); t2 = sigmoid(t1); t3 = mul_scalar(t2, 3)");
  const double values[] = {-1.5, 0.25};
  const double inner = -1.25 * static_cast<double>(0.1f);
  CHECK(evaluate(program_of(*fused, 0), values) == doctest::Approx(3 / (1 + std::exp(-inner))));
}

TEST_CASE("fuse_pointwise: a tree with a value read twice by one node, inputs without repeats") {
  Graph graph;
  const Value a = graph.input("a", {8}), b = graph.input("b", {8});
  const Value difference = sub(a, b);
  graph.output("y", add(mul(difference, difference), exp(neg(a))));
  const auto fused = fuse_pointwise(graph);
  REQUIRE(fused->nodes().size() == 1);
  CHECK(program_of(*fused, 0).inputs == 2);
  CHECK(program_of(*fused, 0).instructions.size() == 5);
  std::vector<double> values(2);
  for (const std::uint32_t input : fused->nodes()[0].inputs)
    values[static_cast<std::size_t>(std::ranges::find(fused->nodes()[0].inputs, input) -
                                    fused->nodes()[0].inputs.begin())] =
        fused->values()[input].name == "a" ? 0.7 : -0.4;
  CHECK(evaluate(program_of(*fused, 0), values) == doctest::Approx(1.1 * 1.1 + std::exp(-0.7)));
}

TEST_CASE("fuse_pointwise: stops at values with other readers, at outputs, at other shapes and other ops") {
  Graph graph;
  const Value x = graph.input("x", {4, 4}), row = graph.input("row", {4});
  const Value shared = exp(x);
  graph.output("a", neg(shared));
  graph.output("b", square(shared));
  const Value named = tanh(x);
  graph.output("named", named);
  graph.output("c", neg(named));
  graph.output("d", add(x, sqrt(row)));  // sqrt would be computed again for every row
  graph.output("e", neg(sum(x, {1})));
  const auto fused = fuse_pointwise(graph);
  CHECK(fused->nodes().size() == graph.nodes().size());
}

TEST_CASE("fuse_pointwise: a chain longer than the kernel holds is cut, not refused") {
  Graph graph;
  Value y = graph.input("x", {16});
  for (int i = 0; i < 40; ++i) y = i % 2 == 0 ? add_scalar(y, 1) : square(y);
  graph.output("y", y);
  const auto fused = fuse_pointwise(graph);
  CHECK(fused->nodes().size() < 8);
  std::size_t instructions = 0;
  for (std::size_t node = 0; node < fused->nodes().size(); ++node) {
    CHECK_NOTHROW(validate(program_of(*fused, node)));
    instructions += program_of(*fused, node).instructions.size();
  }
  CHECK(instructions == 40);

  Graph wide;
  Value total = wide.input("x0", {16});
  for (int i = 1; i < 10; ++i) total = add(total, wide.input("x" + std::to_string(i), {16}));
  wide.output("y", total);
  const auto narrow = fuse_pointwise(wide);
  CHECK(narrow->nodes().size() == 2);
}

}  // namespace tuff::test
