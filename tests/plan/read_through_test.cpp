// Which inputs are read through: where nothing else needs them, or what is read instead is there anyway.
#include "plan/read_through.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "ops/assign.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_weight_gradient.h"
#include "ops/kernel_table.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "plan/plan.h"

namespace tuff::test {
namespace {

// A software driver on which all kernels for such run.
Plan plan_of(const Graph& graph, bool read_through = true, const char* profile = "cpu") {
  DeviceCaps caps = pretended_caps(profile);
  caps.subgroup_broadcast = caps.shared_loads = true;
  LowerOptions options;
  options.read_through = read_through;
  return lower(graph, caps, kernel_table(), options);
}

bool runs(const Plan& plan, std::string_view shader) {
  return std::ranges::any_of(
      plan.dispatches, [&](const PlannedDispatch& planned) { return planned.dispatch.shader.starts_with(shader); });
}

// A convolution of two tensors of so many channels side by side; `seen`: something else reads the concatenation too.
Plan joined(std::int64_t channels, bool seen, bool read_through = true, const char* profile = "cpu") {
  Graph graph;
  const Value a = relu(graph.input("a", {2, channels, 64, 64})), b = relu(graph.input("b", {2, channels, 64, 64}));
  const Value both = concat({a, b});
  const Value weight = graph.parameter("w", {channels, 2 * channels, 3, 3}, Initializer::he_normal(9 * channels));
  graph.output("y", conv(both, weight, {}, {.padding = {1}}));
  if (seen) graph.output("z", relu(both));
  return plan_of(graph, read_through, profile);
}

// Whether a transform of Winograd's applies a norm.
bool applies_norm(const Plan& plan) {
  return std::ranges::any_of(plan.dispatches, [](const PlannedDispatch& planned) {
    const std::string& shader = planned.dispatch.shader;
    return (shader.starts_with("conv_weight_gradient/winograd_input") && planned.dispatch.specialization[5] == 1) ||
           (shader.starts_with("conv_weight_gradient/winograd.") && planned.dispatch.specialization[6] == 1);
  });
}

// A convolution's weight gradient behind a norm. `kept`: what the norm is applied to and its statistics are needed
// after it, too; `assigned`: the norm's weight is overwritten.
Plan normed(bool kept, bool assigned, std::int64_t channels = 32) {
  Graph graph;
  const Shape image{2, channels, 64, 64}, weight{channels, channels, 3, 3};
  const Value x = relu(graph.input("x", image)), upstream = graph.input("upstream", image);
  const Value scale = graph.buffer("scale", {channels}, Initializer::constant(1));
  const Value bias = graph.parameter("bias", {channels}, Initializer::constant(0));
  const Normalized norm = normalize(x, scale, bias, {});
  graph.output(
      "dw", conv_weight_gradient(norm.output, upstream, weight, resolve("conv", {.padding = {1}}, x.shape(), weight)));
  if (kept) {
    graph.output("z", relu(x));
    graph.output("statistics", add(norm.mean, norm.variance));
  }
  if (assigned) assign(scale, norm.variance);
  return plan_of(graph);
}

}  // namespace

TEST_CASE("reading through: a concatenation that only convolutions read is not written") {
  for (const std::int64_t channels : {16, 64}) {  // weight_stationary's, Winograd's
    INFO(channels);
    const Plan through = joined(channels, false), whole = joined(channels, false, false);
    CHECK(!runs(through, "concat"));
    CHECK(runs(whole, "concat"));
    CHECK(through.scratch.size() < whole.scratch.size());
    CHECK(find_hazards(through).empty());
  }
}

TEST_CASE("reading through: GPUs' Winograd reads the tensors of a concatenation one by one") {
  const Plan through = joined(64, false, true, "discrete");
  CHECK(runs(through, "conv/winograd_tiled_input"));
  CHECK(!runs(through, "concat"));
  CHECK(runs(joined(64, false, false, "discrete"), "concat"));
  CHECK(runs(joined(16, false, true, "discrete"), "concat"));  // tiled_gemm's
  CHECK(find_hazards(through).empty());
}

TEST_CASE("reading through: a concatenation that something else reads is read by all") {
  const Plan through = joined(64, true), whole = joined(64, true, false);
  CHECK(runs(through, "concat"));
  CHECK(through.dispatches.size() == whole.dispatches.size());
}

TEST_CASE("reading through: a tensor that the run overwrites is copied, seen through views as well") {
  for (const bool assigned : {false, true}) {
    Graph graph;
    const Value x = relu(graph.input("x", {2, 32, 64, 64}));
    const Value state = graph.buffer("state", {2, 32, 4096}, Initializer::constant(1));
    const Value weight = graph.parameter("w", {32, 64, 3, 3}, Initializer::he_normal(576));
    const Value y = conv(concat({x, reshape(state, {2, 32, 64, 64})}), weight, {}, {.padding = {1}});
    graph.output("y", y);
    if (assigned) assign(state, relu(reshape(x, {2, 32, 4096})));
    CHECK(runs(plan_of(graph), "concat") == assigned);
  }
}

TEST_CASE("reading through: a norm is applied again where what it is applied to is there") {
  CHECK(applies_norm(normed(true, false)));
  CHECK(applies_norm(normed(true, false, 64)));  // in chunks
  CHECK(!applies_norm(normed(false, false)));
  CHECK(!applies_norm(normed(true, true)));  // the weight may be a new one by then
}

}  // namespace tuff::test
