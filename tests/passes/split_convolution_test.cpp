#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "autodiff/gradient.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/slice.h"
#include "passes/split_convolution.h"

namespace tuff::test {

namespace {

std::int64_t count(const Graph& graph, std::string_view op) {
  return std::ranges::count_if(graph.nodes(), [&](const Node& node) { return node.op->name() == op; });
}

// The results of all nodes with this op.
std::vector<Shape> results(const Graph& graph, std::string_view op) {
  std::vector<Shape> shapes;
  for (const Node& node : graph.nodes())
    if (node.op->name() == op) shapes.push_back(graph.values()[node.outputs[0]].type.shape);
  return shapes;
}

struct Convolved {
  Graph graph;
  Value x = graph.input("x", {2, 16, 8, 8});
  Value weight = graph.input("w", {48, 16, 3, 3}, DType::f32, Layout::weight);
  Value y = conv(x, weight, graph.input("b", {48}), {.padding = {1}});
};

}  // namespace

TEST_CASE("the gradient of a convolution of concatenated tensors is computed in their parts") {
  Graph graph;
  const Value a = graph.input("a", {2, 16, 8, 8}), b = graph.input("b", {2, 32, 8, 8});
  const Value weight = graph.input("w", {32, 48, 3, 3}, DType::f32, Layout::weight);
  const std::vector<Value> tensors = {a, b}, inputs = {a, b};
  const Value y = conv(concat(tensors, 1), weight, {}, {.padding = {1}});
  const std::vector<Value> gradients = gradient(sum(mul(y, y)), inputs);
  graph.output("da", gradients[0]);
  graph.output("db", gradients[1]);
  CHECK(results(graph, "conv_transpose") == std::vector<Shape>{{2, 48, 8, 8}});

  const std::unique_ptr<Graph> split = split_convolution(graph);
  CHECK(results(*split, "conv_transpose") == std::vector<Shape>{{2, 16, 8, 8}, {2, 32, 8, 8}});
  CHECK(results(*split, "slice") == std::vector<Shape>{{32, 16, 3, 3}, {32, 32, 3, 3}});  // of the weight
}

TEST_CASE("a convolution's parts keep their biases, and channels that nothing reads are not computed") {
  Convolved convolved;
  convolved.graph.output("first", narrow(convolved.y, 1, 0, 16));
  const std::unique_ptr<Graph> split = split_convolution(convolved.graph);
  CHECK(results(*split, "conv") == std::vector<Shape>{{2, 16, 8, 8}});
  CHECK(results(*split, "slice") == std::vector<Shape>{{16, 16, 3, 3}, {16}});
}

TEST_CASE("convolutions stay whole where something else reads them or the parts don't suit") {
  const auto stays = [](const auto& read) {
    Convolved convolved;
    read(convolved.graph, convolved.y);
    const std::unique_ptr<Graph> split = split_convolution(convolved.graph);
    return results(*split, "conv") == std::vector<Shape>{{2, 48, 8, 8}} &&
           count(*split, "slice") == count(convolved.graph, "slice");
  };
  CHECK(stays([](Graph& graph, Value y) {
    graph.output("part", narrow(y, 1, 0, 16));
    graph.output("all", y);
  }));
  CHECK(stays([](Graph& graph, Value y) {
    graph.output("part", narrow(y, 1, 0, 16));
    graph.output("sum", sum(y));
  }));
  CHECK(stays([](Graph& graph, Value y) {  // they overlap
    graph.output("a", narrow(y, 1, 0, 32));
    graph.output("b", narrow(y, 1, 16, 32));
  }));
  CHECK(stays([](Graph& graph, Value y) { graph.output("few", narrow(y, 1, 0, 8)); }));
  CHECK(stays([](Graph& graph, Value y) { graph.output("rows", narrow(narrow(y, 2, 0, 4), 1, 0, 16)); }));
  CHECK(stays([](Graph& graph, Value y) { graph.output("flipped", flip(y, {1})); }));
}

}  // namespace tuff::test
