#include "passes/fold_affine.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "ops/assign.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "passes/optimize.h"
#include "plan/lasting.h"

namespace tuff::test {
namespace {

// Nodes that run in each run.
std::vector<std::string_view> ops_of_a_run(const Graph& graph) {
  const std::unique_ptr<Graph> optimized = optimize(graph);
  const std::vector<bool> lasting = lasting_values(*optimized);
  std::vector<std::string_view> ops;
  for (const Node& node : optimized->nodes())
    if (!lasting[node.outputs.front()]) ops.push_back(node.op->name());
  return ops;
}

struct Net {
  Graph graph;
  Value x = graph.input("x", {1, 4, 8, 8});
  Value weight = graph.parameter("w", {6, 4, 3, 3}, {});
  Value bias = graph.parameter("b", {6}, {});
  Value gamma = graph.parameter("gamma", {6}, {}), beta = graph.parameter("beta", {6}, {});
  Value mean = graph.buffer("mean", {6}, {}), variance = graph.buffer("variance", {6}, {});

  Value norm(Value y) {
    return batch_norm(y, gamma, beta, mean, variance, {.training = false, .activation = NormalizeActivation::relu})
        .output;
  }
};

using Ops = std::vector<std::string_view>;

}  // namespace

TEST_CASE("fold_affine: a batch norm with running statistics and its ReLU cost nothing") {
  Net with_bias, without;
  with_bias.graph.output("y", with_bias.norm(conv(with_bias.x, with_bias.weight, with_bias.bias, {.padding = {1}})));
  CHECK(ops_of_a_run(with_bias.graph) == Ops{"conv"});
  without.graph.output("y", without.norm(conv(without.x, without.weight, {})));
  CHECK(ops_of_a_run(without.graph) == Ops{"conv"});
  Net transposed;
  const Value weight = transposed.graph.parameter("t", {4, 6, 2, 2}, {}, Layout::transposed_weight);
  transposed.graph.output("y", transposed.norm(conv_transpose(transposed.x, weight, transposed.bias, {.stride = {2}})));
  CHECK(ops_of_a_run(transposed.graph) == Ops{"conv_transpose"});
}

TEST_CASE("fold_affine: constants per channel, in any order and number") {
  Net net;
  HostTensor values(Shape{6, 1, 1});
  const Value constant = net.graph.constant(values);
  Value y = add(constant, conv(net.x, net.weight, {}));
  for (int i = 0; i < 3; ++i) y = add(mul(y, constant), constant);
  net.graph.output("y", y);
  CHECK(ops_of_a_run(net.graph) == Ops{"conv"});
}

TEST_CASE("fold_affine: leaves what isn't per channel, what others read, and what differs from run to run") {
  SUBCASE("a value for each pixel") {
    Net net;
    net.graph.output(
        "y", mul(conv(net.x, net.weight, {}), net.graph.parameter("p", {1, 6, 6, 6}, {}, Layout::channels_last)));
    CHECK(ops_of_a_run(net.graph) == Ops{"conv", "pointwise"});
  }
  SUBCASE("along the last axis") {
    Net net;
    net.graph.output("y", mul(conv(net.x, net.weight, {}), net.gamma));
    CHECK(ops_of_a_run(net.graph) == Ops{"conv", "pointwise"});
  }
  SUBCASE("read twice") {
    Net net;
    const Value y = conv(net.x, net.weight, {});
    net.graph.output("y", add(net.norm(y), y));
    CHECK(ops_of_a_run(net.graph) == Ops{"conv", "pointwise"});
  }
  SUBCASE("a scale that is written") {
    Net net;
    net.graph.output("y", net.norm(conv(net.x, net.weight, {})));
    assign(net.mean, mul_scalar(net.mean, 0.5f));
    CHECK(fold_affine(net.graph)->nodes().size() == net.graph.nodes().size());
  }
  SUBCASE("an input as the weight") {
    Net net;
    const Value weight = net.graph.input("weight", {6, 4, 3, 3}, DType::f32, Layout::weight);
    net.graph.output("y", net.norm(conv(net.x, weight, {})));
    CHECK(ops_of_a_run(net.graph) == Ops{"conv", "pointwise"});
  }
  SUBCASE("convolutions of constants, one added to the other") {
    Net net;
    const Value p = net.graph.parameter("p", {1, 4, 3, 3}, {}, Layout::channels_last);
    const Value constant = add(conv(p, net.weight, {}), conv(p, net.weight, net.bias));
    net.graph.output("y", add(net.norm(conv(net.x, net.weight, {})), constant));
    CHECK(ops_of_a_run(net.graph) == Ops{"conv", "pointwise"});
  }
  SUBCASE("behind an activation") {
    Net net;
    net.graph.output("y", net.norm(relu(conv(net.x, net.weight, {}))));
    CHECK(ops_of_a_run(net.graph) == Ops{"conv", "pointwise"});
  }
}

}  // namespace tuff::test
