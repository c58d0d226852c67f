// What stays the same from run to run is computed in the first dispatches of a plan and keeps its memory.
#include "plan/lasting.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/gradient.h"
#include "models/unet.h"
#include "ops/assign.h"
#include "ops/bce_with_logits.h"
#include "ops/conv.h"
#include "ops/expand.h"
#include "ops/kernel_table.h"
#include "ops/pointwise.h"
#include "passes/optimize.h"
#include "plan/barriers.h"
#include "plan/plan.h"

namespace tuff::test {
namespace {

DeviceCaps cpu_caps() {
  DeviceCaps caps = pretended_caps("cpu");
  caps.int64 = caps.subgroup_broadcast = caps.shared_loads = true;
  caps.subgroup_size = 8;
  return caps;
}

bool touches(const PlannedDispatch& planned, const Location& location, bool writes) {
  return std::ranges::any_of(planned.uses, [&](const PlannedUse& use) {
    const Location& at = use.location;
    return (!writes || use.access != Access::read) && at.segment == location.segment &&
           at.offset < location.offset + location.bytes && location.offset < at.offset + at.bytes;
  });
}

// Nothing that runs each time writes what the setup left for others: where the first of them to touch it reads.
void check_setup_is_kept(const Plan& plan) {
  const std::span<const PlannedDispatch> all = plan.dispatches, runs = all.subspan(plan.setup);
  for (const PlannedDispatch& early : all.first(plan.setup))
    for (const PlannedUse& use : early.uses) {
      const auto touching = [&](const PlannedDispatch& late) { return touches(late, use.location, false); };
      const auto writing = [&](const PlannedDispatch& late) { return touches(late, use.location, true); };
      const auto first = std::ranges::find_if(runs, touching);
      if (use.access == Access::read || first == runs.end() || writing(*first)) continue;
      CHECK(std::ranges::none_of(runs, writing));
    }
  CHECK(find_hazards(plan).empty());
}

}  // namespace

TEST_CASE("lasting: what depends on constants and parameters alone, not on inputs") {
  Graph graph;
  const Value x = graph.input("x", {1, 8, 4, 4}), weight = graph.parameter("w", {8}, {});
  const Value doubled = mul_scalar(weight, 2), both = mul(x, expand(doubled, {1, 8, 1, 1}, std::vector<int>{1}));
  const Value fixed = exp(graph.scalar(2));
  const Value wide = expand(fixed, {1, 8, 512, 512});
  for (const auto& [name, value] : {std::pair{"both", both}, {"fixed", fixed}, {"wide", wide}})
    graph.output(name, value);
  const std::vector<bool> lasting = lasting_values(graph);
  CHECK_FALSE(lasting[x.id()]);
  CHECK(lasting[weight.id()]);
  CHECK(lasting[doubled.id()]);
  CHECK_FALSE(lasting[both.id()]);
  CHECK(lasting[fixed.id()]);
  CHECK_FALSE(lasting[wide.id()]);  // 8 MiB of four bytes
}

TEST_CASE("lasting: nothing of the store in a graph that writes it") {
  Graph graph;
  const Value weight = graph.parameter("w", {8}, {}), mean = graph.buffer("m", {8}, {});
  const Value doubled = mul_scalar(weight, 2);
  assign(mean, doubled);
  const Value constant = exp(graph.scalar(1));
  graph.output("c", constant);
  const std::vector<bool> lasting = lasting_values(graph);
  CHECK_FALSE(lasting[weight.id()]);
  CHECK_FALSE(lasting[doubled.id()]);
  CHECK(lasting[constant.id()]);
}

TEST_CASE("lasting: a node's result takes the memory of a lasting one only before the runs") {
  Graph graph;
  const Value weight = graph.parameter("w", {1, 8, 4, 4}, {}, Layout::channels_last);
  const Value a = exp(weight);  // its only reader may overwrite it in place
  graph.output("y", add(graph.input("x", {1, 8, 4, 4}), exp(a)));
  const Plan plan = lower(graph, cpu_caps(), kernel_table());
  CHECK(plan.setup == 2);
  CHECK(plan.dispatches.size() == 3);
  CHECK(plan.dispatches[2].barrier_before);
  check_setup_is_kept(plan);
  const Plan every_run = lower(graph, cpu_caps(), kernel_table(), {.setup = false});
  CHECK(every_run.setup == 0);
  CHECK(every_run.scratch_bytes() <= plan.scratch_bytes());
}

TEST_CASE("lasting: inference of a U-Net transforms its weights once, training none") {
  for (const bool training : {false, true}) {
    Graph graph;
    const Value x = graph.input("images", {1, 1, 64, 64});
    const Value y = unet(graph, x, {.base = 32, .depth = 2, .norm = NormKind::batch}, training);
    graph.output("y", y);
    const std::unique_ptr<Graph> optimized = optimize(graph);
    const Plan plan = lower(*optimized, cpu_caps(), kernel_table());
    check_setup_is_kept(plan);
    const auto transforms = [](std::span<const PlannedDispatch> dispatches) {
      return std::ranges::count_if(dispatches, [](const PlannedDispatch& planned) {
        return planned.dispatch.shader.starts_with("conv/winograd_weight");
      });
    };
    const std::span<const PlannedDispatch> all = plan.dispatches;
    CHECK((transforms(all.first(plan.setup)) > 0) == !training);
    CHECK((transforms(all.subspan(plan.setup)) > 0) == training);
    const auto elementwise = std::ranges::count_if(all.subspan(plan.setup), [](const PlannedDispatch& planned) {
      return planned.dispatch.shader.starts_with("pointwise/");
    });
    CHECK(elementwise == 0);
    // The others in an order that keeps to the barriers.
    Plan shuffled = plan;
    shuffle_between_barriers(shuffled.dispatches, 3);
    const auto first_nodes = [](const Plan& of) {
      std::vector<std::pair<std::uint32_t, std::string>> found;
      for (std::uint32_t index = 0; index < of.setup; ++index)
        found.emplace_back(of.dispatches[index].node, of.dispatches[index].dispatch.shader);
      std::ranges::sort(found);
      return found;
    };
    CHECK(first_nodes(shuffled) == first_nodes(plan));
    CHECK(find_hazards(shuffled).empty());
  }
}

}  // namespace tuff::test
