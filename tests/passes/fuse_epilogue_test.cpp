#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "autodiff/gradient.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "passes/eliminate.h"
#include "passes/fuse_epilogue.h"

namespace tuff::test {

namespace {

//   x -> conv -> activation -> y
struct Chain {
  Graph graph;
  Value x = graph.input("x", {1, 4, 8, 8});
  Value weight = graph.input("w", {8, 4, 3, 3}, DType::f32, Layout::weight);
  Value bias = graph.input("b", {8});
  Value convolved = conv(x, weight, bias, {.padding = {1}});
};

const ConvAttributes* only_conv(const Graph& graph, std::size_t nodes) {
  REQUIRE(graph.nodes().size() == nodes);
  const auto found = std::find_if(graph.nodes().begin(), graph.nodes().end(),
                                  [](const Node& node) { return node.op->name() == "conv"; });
  REQUIRE(found != graph.nodes().end());
  return &conv_attributes(*found->op);
}

}  // namespace

TEST_CASE("every activation that a convolution can store moves into it") {
  const std::pair<Value (*)(Value), Activation> rows[] = {
      {relu, Activation::relu}, {sigmoid, Activation::sigmoid}, {tanh, Activation::tanh}};
  for (const auto& [function, activation] : rows) {
    Chain chain;
    chain.graph.output("y", function(chain.convolved));
    const std::unique_ptr<Graph> fused = fuse_epilogue(chain.graph);
    CHECK(only_conv(*fused, 1)->activation == activation);
    CHECK(fused->nodes()[0].inputs.size() == 3);
    CHECK(fused->outputs()[0].value == fused->nodes()[0].outputs[0]);
  }
  Chain chain;
  chain.graph.output("y", leaky_relu(chain.convolved, 0.2f));
  const std::unique_ptr<Graph> fused = fuse_epilogue(chain.graph);
  CHECK(only_conv(*fused, 1)->activation == Activation::leaky_relu);
  CHECK(only_conv(*fused, 1)->slope == 0.2f);
}

TEST_CASE("a transposed convolution takes its activation too") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 8, 8}),
              weight = graph.input("w", {4, 8, 2, 2}, DType::f32, Layout::transposed_weight);
  graph.output("y", relu(conv_transpose(x, weight, {}, {.stride = {2}})));
  const std::unique_ptr<Graph> fused = fuse_epilogue(graph);
  REQUIRE(fused->nodes().size() == 1);
  CHECK(fused->nodes()[0].op->name() == "conv_transpose");
  CHECK(conv_attributes(*fused->nodes()[0].op).activation == Activation::relu);
}

TEST_CASE("a result that others read or that is an output is not fused away") {
  Chain read_twice;
  read_twice.graph.output("y", add(relu(read_twice.convolved), read_twice.convolved));
  CHECK(fuse_epilogue(read_twice.graph)->nodes().size() == 3);

  Chain output;
  output.graph.output("before", output.convolved);
  output.graph.output("y", relu(output.convolved));
  CHECK(fuse_epilogue(output.graph)->nodes().size() == 2);
}

TEST_CASE("only one activation is fused, and no other op") {
  Chain twice;
  twice.graph.output("y", tanh(relu(twice.convolved)));
  const std::unique_ptr<Graph> fused = fuse_epilogue(twice.graph);
  CHECK(only_conv(*fused, 2)->activation == Activation::relu);

  Chain other;
  other.graph.output("y", exp(other.convolved));
  CHECK(only_conv(*fuse_epilogue(other.graph), 2)->activation == Activation::none);
}

TEST_CASE("in training the activation is fused: its gradient reads the result") {
  Chain chain;
  const Value loss = sum(relu(chain.convolved), {0, 1, 2, 3});
  chain.graph.output("dw", gradient(loss, std::span(&chain.weight, 1)).front());
  const std::unique_ptr<Graph> fused = fuse_epilogue(*eliminate_dead(chain.graph));
  const auto found = std::find_if(fused->nodes().begin(), fused->nodes().end(),
                                  [](const Node& node) { return node.op->name() == "conv"; });
  REQUIRE(found != fused->nodes().end());
  CHECK(conv_attributes(*found->op).activation == Activation::relu);
}

}  // namespace tuff::test
