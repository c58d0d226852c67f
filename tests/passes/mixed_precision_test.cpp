#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "autodiff/gradient.h"
#include "graph/verify.h"
#include "models/unet.h"
#include "ops/bce_with_logits.h"
#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/cumsum.h"
#include "ops/elementwise_loss.h"
#include "ops/expand.h"
#include "ops/grid_sample.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pack.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/ssim.h"
#include "passes/mixed_precision.h"
#include "passes/optimize.h"

namespace tuff::test {

namespace {

std::string ops_of(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes()) {
    if (!text.empty()) text += " ";
    text += node.op->name();
    text += graph.values()[node.outputs[0]].type.dtype == DType::f16 ? ":f16" : "";
  }
  return text;
}

std::unique_ptr<Graph> in_half(const Graph& graph) {
  std::unique_ptr<Graph> result = mixed_precision(*optimize(graph));
  CHECK(verify(*result).empty());
  for (const Output& output : result->outputs()) CHECK(result->values()[output.value].type.dtype != DType::f16);
  return result;
}

}  // namespace

TEST_CASE("mixed_precision: casts stand where f16 begins and ends, parameters stay f32") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 8, 8});
  const Value w = graph.parameter("w", {4, 4, 3, 3}, Initializer::he_normal(36));
  const Value hidden = relu(conv(x, w, {}, {.padding = {1}}));
  graph.output("y", max_pool(add(conv(hidden, w, {}, {.padding = {1}}), hidden), {.kernel = {2}}).output);
  CHECK(ops_of(*in_half(graph)) == "cast:f16 conv:f16 conv:f16 pointwise:f16 max_pool:f16 cast");
}

TEST_CASE("mixed_precision: statistics, sums and losses stay f32") {
  Graph graph;
  const Value x = graph.input("x", {2, 4, 8, 8}), target = graph.input("target", {2, 4, 8, 8});
  const Normalized normal = normalize(x, {}, {}, {});
  graph.output("mean", normal.mean);
  graph.output("sum", mean(square(normal.output), {0, 2, 3}));
  graph.output("loss", bce_with_logits(normal.output, target));
  const std::unique_ptr<Graph> half = in_half(graph);
  for (const Node& node : half->nodes()) {
    if (node.op->name() == "normalize") CHECK(half->values()[node.outputs[1]].type.dtype == DType::f32);
    if (node.op->name() == "reduce" || node.op->name() == "bce_with_logits")
      CHECK(half->values()[node.outputs[0]].type.dtype == DType::f32);
    for (const std::uint32_t input : node.inputs)
      if (node.op->name() == "bce_with_logits") CHECK(half->values()[input].type.dtype == DType::f32);
  }
}

TEST_CASE("mixed_precision: losses that are composed of other ops stay f32, and their gradients") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 16, 16}), target = graph.input("target", {1, 4, 16, 16});
  const Value w = graph.parameter("w", {4, 4, 3, 3}, Initializer::he_normal(36));
  const Value y = conv(x, w, {}, {.padding = {1}}), loss = add(ssim_loss(y, target), mse_loss(y, target));
  graph.output("loss", loss);
  graph.output("dw", gradient(loss, std::vector<Value>{w})[0]);
  const std::unique_ptr<Graph> half = in_half(graph);
  CHECK(std::ranges::any_of(half->nodes(), [](const Node& node) { return node.full_precision; }));
  for (const Node& node : half->nodes()) {
    const bool stored = half->values()[node.outputs[0]].type.dtype == DType::f16;
    CHECK_MESSAGE((!stored || (!node.full_precision && (node.op->name() == "cast" || node.op->name() == "conv"))),
                  node.op->name());
  }
}

// By name of an output: whether the op that computes it took its first input as f16.
bool took_half(const Graph& graph, const std::string& name) {
  const Node* node = nullptr;
  for (const Output& output : graph.outputs())
    if (output.name == name) node = graph.producer(Value(const_cast<Graph*>(&graph), output.value));
  REQUIRE(node != nullptr);
  if (node->op->name() == "cast") node = graph.producer(Value(const_cast<Graph*>(&graph), node->inputs[0]));
  REQUIRE(node != nullptr);
  return graph.values()[node->inputs[0]].type.dtype == DType::f16;
}

TEST_CASE("mixed_precision: what rounding would harm stays f32") {
  Graph graph;
  const Value x = graph.input("x", {1, 2, 4, 8}), y = graph.input("y", {1, 2, 4, 8}),
              line = graph.input("line", {1, 8});
  const Value w = graph.parameter("w", {8, 3}, Initializer::constant(1), Layout::channels_last);
  graph.output("plain", mul(x, y));
  // A statistic that is expanded before it meets its activations, and a constant of their shape.
  graph.output("centred", sub(x, expand(mean(x, {3}, true), x.shape())));
  graph.output("times constant",
               mul(x, graph.constant(HostTensor::from_floats({1, 2, 4, 8}, std::vector<float>(64, 1e-8f)))));
  graph.output("times weights", matmul(line, w));
  graph.output("one element", matmul(line, reshape(line, {8, 1})));
  graph.output("powers", lp_pool(x, {.window = {.kernel = {2}}}));
  graph.output("running sums", cumsum(x, 3));
  const std::unique_ptr<Graph> half = in_half(graph);
  CHECK(took_half(*half, "plain"));
  for (const char* name : {"centred", "times constant", "times weights", "one element", "powers"})
    CHECK_MESSAGE(!took_half(*half, name), std::string(name));
  CHECK(took_half(*half, "running sums"));
}

TEST_CASE("mixed_precision: squares that are summed and coordinates to sample at stay f32") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 8, 8}), flow = graph.input("flow", {1, 8, 8, 2}),
              base = graph.input("base", {1, 8, 8, 2});
  graph.output("norm", sum(square(x), {1}));
  graph.output("warped", grid_sample(x, add(flow, base)));
  const std::unique_ptr<Graph> half = in_half(graph);
  for (const Node& node : half->nodes())
    if (node.op->name() == "pointwise") CHECK(half->values()[node.outputs[0]].type.dtype == DType::f32);
  CHECK(took_half(*half, "warped"));
}

TEST_CASE("mixed_precision: what only parameters feed stays f32") {
  Graph graph;
  const Value x = graph.input("x", {2, 6});
  const Value w = graph.parameter("w", {6, 3}, Initializer::constant(1), Layout::channels_last), scaled = mul(w, w);
  graph.output("y", matmul(x, scaled));
  const std::unique_ptr<Graph> half = in_half(graph);
  const auto product =
      std::ranges::find_if(half->nodes(), [](const Node& node) { return node.op->name() == "pointwise"; });
  REQUIRE(product != half->nodes().end());
  CHECK(half->values()[product->outputs[0]].type.dtype == DType::f32);
}

TEST_CASE("mixed_precision: parameters' gradients reach the store unrounded") {
  Graph graph;
  const Value x = graph.input("x", {4, 6}), upstream = graph.input("upstream", {4, 3});
  const Value w = graph.parameter("w", {6, 3}, Initializer::constant(1), Layout::channels_last);
  const std::vector<Value> y = {matmul(relu(x), w)}, from = {upstream}, wrt = {w, x};
  const std::vector<Value> gradients = gradient(y, from, wrt);
  graph.output("gradients", pack(graph, "gradients", {gradients[0]}, {0}, 64));
  graph.output("dx", gradients[1]);
  const std::unique_ptr<Graph> half = in_half(graph);
  for (const Node& node : half->nodes()) {
    if (!node.op->collection()) continue;
    const Source& source = half->values()[node.inputs[0]].source;
    CHECK(half->nodes()[source.node].op->name() == "einsum");
  }
}

TEST_CASE("mixed_precision: inputs of one axis are settings, not activations") {
  Graph graph;
  const Value x = graph.input("x", {2, 4}), settings = graph.input("settings", {4});
  graph.output("rate", mul_scalar(settings, 0.5f));
  graph.output("y", mul(x, settings));
  CHECK(ops_of(*in_half(graph)) == "pointwise cast:f16 pointwise:f16 cast");
}

}  // namespace tuff::test
