// Kernel selection by choices: what they are keyed by, and what becomes of those that can't be kept.
#include "plan/select.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "ops/conv.h"
#include "ops/kernel_table.h"
#include "ops/pointwise.h"

using namespace tuff;

namespace {

struct Small {
  Small() {
    const Value x = graph.input("x", {1, 16, 32, 32});
    const Value weight = graph.parameter("w", {16, 16, 3, 3}, Initializer{});
    graph.output("y", relu(conv(x, weight, {}, {.padding = {1, 1}})));
    key = operation_key(graph, graph.nodes()[0]);
  }
  Plan plan(const LowerOptions& options, const char* profile = "discrete") const {
    return lower(graph, pretended_caps(profile), kernel_table(), options);
  }
  Graph graph;
  std::string key;
};

}  // namespace

TEST_CASE_FIXTURE(Small, "select: a key tells op, attributes, types and layouts, and nothing else") {
  CHECK(key.starts_with("conv("));
  CHECK(key.find("f32 1x16x32x32; f32 16x16x3x3 weight) -> f32 1x16x32x32") != std::string::npos);
  Graph other;  // of other names, with more around it
  const Value first = relu(other.input("image", {1, 16, 32, 32}));
  const Value weight = other.parameter("v", {16, 16, 3, 3}, Initializer{});
  conv(first, weight, {}, {.padding = {1, 1}});
  CHECK(operation_key(other, other.nodes()[1]) == key);
  conv(first, weight, {}, {.padding = {0, 0}});
  CHECK(operation_key(other, other.nodes()[2]) != key);
  conv(other.input("larger", {2, 16, 32, 32}), weight, {}, {.padding = {1, 1}});
  CHECK(operation_key(other, other.nodes()[3]) != key);
  const Node half{.op = other.nodes()[1].op};
  const TensorType x{DType::f16, {1, 16, 32, 32}}, w{DType::f32, {16, 16, 3, 3}, Layout::weight};
  const TensorType inputs[] = {x, w}, outputs[] = {x};
  CHECK(operation_key(*half.op, inputs, outputs) != key);
}

TEST_CASE_FIXTURE(Small, "select: a choice is taken, also a setting, and marked") {
  const Plan usual = plan({});
  CHECK_FALSE(usual.selections[0].tuned);
  int taken = 0;
  for (const Kernel& kernel : kernel_table().at("conv")) {
    CAPTURE(std::string(kernel.name));
    const Plan chosen = plan({.choices = {{key, std::string(kernel.name)}}});
    const Selection& selection = chosen.selections[0];
    CHECK(selection.tuned != selection.not_kept.has_value());
    CHECK(selection.kernel == (selection.tuned ? kernel.name : usual.selections[0].kernel));
    CHECK_FALSE(chosen.selections[1].tuned);
    taken += selection.tuned && kernel.setting;
  }
  CHECK(taken > 0);
}

TEST_CASE_FIXTURE(Small, "select: a choice that can't be kept is told, and selection goes on by itself") {
  const Plan usual = plan({}, "minimal");
  const Plan unknown = plan({.choices = {{key, "perfect"}}}, "minimal");
  CHECK(unknown.selections[0].kernel == usual.selections[0].kernel);
  REQUIRE(unknown.selections[0].not_kept);
  CHECK(unknown.selections[0].not_kept->kernel == "perfect");
  CHECK(unknown.selections[0].not_kept->reason == "there is no such kernel in this version");
  const Plan refused = plan({.choices = {{key, "depthwise"}}}, "minimal");
  CHECK(refused.selections[0].kernel == usual.selections[0].kernel);
  REQUIRE(refused.selections[0].not_kept);
  CHECK_FALSE(refused.selections[0].not_kept->reason.empty());
  const Plan other = plan({.choices = {{"conv(another)", "direct"}}}, "minimal");
  CHECK(other.selections[0].kernel == usual.selections[0].kernel);
  CHECK_FALSE(other.selections[0].not_kept);
}

TEST_CASE_FIXTURE(Small, "select: what is forced wins over a choice, for one node over that for all of an op") {
  const Plan forced = plan({.force = {{"conv", "direct"}}, .choices = {{key, "implicit_gemm"}}});
  CHECK(forced.selections[0].kernel == "direct");
  CHECK_FALSE(forced.selections[0].tuned);
  const Plan node = plan({.force = {{"conv", "direct"}}, .force_nodes = {"implicit_gemm"}});
  CHECK(node.selections[0].kernel == "implicit_gemm");
  CHECK_THROWS_AS(plan({.force_nodes = {"perfect"}}), Error);
}

TEST_CASE_FIXTURE(Small, "select: what a plan runs can be chosen again") {
  const Plan forced = plan({.force = {{"conv", "direct"}, {"pointwise", "program"}}});
  const KernelChoices choices = choices_of(graph, forced, kernel_table());
  CHECK(choices.size() == 2);
  CHECK(choices.at(key) == "direct");
  const Plan again = plan({.choices = choices});
  CHECK(choices_of(graph, again, kernel_table()) == choices);
}
