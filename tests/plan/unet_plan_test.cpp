// The plan of a whole training step, without a device: sound for every kind of device, and every barrier needed.
#include <doctest/doctest.h>

#include <memory>

#include "base/error.h"
#include "graph/verify.h"
#include "models/unet.h"
#include "ops/adam.h"
#include "ops/bce_with_logits.h"
#include "ops/kernel_table.h"
#include "passes/mixed_precision.h"
#include "passes/optimize.h"
#include "plan/plan.h"
#include "train/training_graph.h"

using namespace tuff;

namespace {

std::unique_ptr<Graph> training_step(NormKind norm) {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", {2, 1, 32, 32});
  const Value labels = graph->input("labels", {2, 1, 32, 32});
  const Value state = graph->input("step_state", {kStepStateElements});
  const UNetConfig config{.base = 8, .depth = 2, .norm = norm};
  const Value loss = bce_with_logits(unet(*graph, x, config, true), labels);
  graph->output("loss", loss);
  add_update(*graph, loss, state, TrainOptions{});
  return optimize(*graph);
}

}  // namespace

TEST_CASE("unet plan: sound for every pretended device, memory near its lower bound") {
  for (const NormKind norm : {NormKind::batch, NormKind::group, NormKind::none}) {
    const std::unique_ptr<Graph> graph = training_step(norm);
    CHECK(verify(*graph).empty());
    for (const char* profile : {"discrete", "integrated", "cpu", "minimal"}) {
      INFO(profile);
      const Plan plan = lower(*graph, pretended_caps(profile), kernel_table());
      CHECK(find_hazards(plan).empty());
      CHECK(plan.scratch_bytes() <= plan.peak_live_bytes + plan.peak_live_bytes * 15 / 100);
      // The whole update is one dispatch over the flat arenas.
      int updates = 0;
      for (const PlannedDispatch& planned : plan.dispatches)
        updates += planned.dispatch.shader.starts_with("adam/") ? 1 : 0;
      CHECK(updates == 1);
    }
  }
}

TEST_CASE(
    "unet plan: stored as f16 a step takes little more than half the memory, and gradients still lie where they "
    "belong") {
  for (const NormKind norm : {NormKind::batch, NormKind::group, NormKind::none}) {
    const std::unique_ptr<Graph> graph = training_step(norm), half = mixed_precision(*graph);
    CHECK(verify(*half).empty());
    for (const char* profile : {"discrete", "cpu"}) {
      INFO(profile);
      const Plan plan = lower(*half, pretended_caps(profile), kernel_table());
      CHECK(find_hazards(plan).empty());
      CHECK(static_cast<double>(plan.scratch_bytes()) <
            0.62 * static_cast<double>(lower(*graph, pretended_caps(profile), kernel_table()).scratch_bytes()));
      for (const Selection& selection : plan.selections) CHECK(half->nodes()[selection.node].op->name() != "pack");
    }
    CHECK_THROWS_WITH_AS(lower(*half, pretended_caps("minimal"), kernel_table()),
                         doctest::Contains("f16 needs 16-bit storage"), Error);
  }
}

TEST_CASE("unet plan: gradients are computed where they lie, without copies") {
  const std::unique_ptr<Graph> graph = training_step(NormKind::batch);
  const Plan plan = lower(*graph, pretended_caps("cpu"), kernel_table());
  for (const Selection& selection : plan.selections) CHECK(graph->nodes()[selection.node].op->name() != "pack");
}

TEST_CASE("unet plan: running statistics are updated where they lie, without copies") {
  const std::unique_ptr<Graph> graph = training_step(NormKind::batch);
  int assigned = 0;
  for (const Node& node : graph->nodes()) assigned += node.op->name() == "assign" ? 1 : 0;
  CHECK(assigned == 2 * 2 * 5);  // two statistics of two norms on each of five levels
  const Plan plan = lower(*graph, pretended_caps("cpu"), kernel_table());
  for (const Selection& selection : plan.selections) CHECK(graph->nodes()[selection.node].op->name() != "assign");
}

TEST_CASE("unet plan: the checker notices every barrier that is taken away") {
  const std::unique_ptr<Graph> graph = training_step(NormKind::batch);
  for (const char* profile : {"discrete", "cpu", "minimal"}) {
    Plan plan = lower(*graph, pretended_caps(profile), kernel_table());
    int removed = 0;
    for (PlannedDispatch& planned : plan.dispatches) {
      const bool setup_ends = plan.setup > 0 && &planned == &plan.dispatches[plan.setup];  // there is one in any case
      if (!planned.barrier_before || setup_ends) continue;
      planned.barrier_before = false;
      CHECK_FALSE(find_hazards(plan).empty());
      planned.barrier_before = true;
      ++removed;
    }
    CHECK(removed > 50);
  }
}
