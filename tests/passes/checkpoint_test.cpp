// Gradient checkpointing on graphs and plans, without a device: what is computed again, what isn't, and what it saves.
#include "passes/checkpoint.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "graph/verify.h"
#include "models/unet.h"
#include "models/vae.h"
#include "ops/adam.h"
#include "ops/bce_with_logits.h"
#include "ops/conv.h"
#include "ops/dropout.h"
#include "ops/kernel_table.h"
#include "ops/pointwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "passes/choose_recomputation.h"
#include "passes/memory_model.h"
#include "passes/mixed_precision.h"
#include "passes/optimize.h"
#include "runtime/compile.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

std::unique_ptr<Graph> unet_step(NormKind norm, const TrainOptions& options = {}) {
  Graph graph;
  const Value x = graph.input("images", {2, 1, 64, 64}), labels = graph.input("labels", {2, 1, 64, 64});
  const Value state = graph.input("step_state", {kStepStateElements});
  const Value loss = bce_with_logits(unet(graph, x, {.base = 8, .depth = 3, .norm = norm}, true), labels);
  graph.output("loss", loss);
  add_update(graph, loss, state, options);
  return optimize(graph);
}

int count(const Graph& graph, std::string_view op) {
  return static_cast<int>(
      std::ranges::count_if(graph.nodes(), [&](const Node& node) { return node.op->name() == op; }));
}

double share(std::uint64_t bytes, double of) {
  return static_cast<double>(bytes) / of;
}

}  // namespace

TEST_CASE("checkpoint: a U-Net's step in 0.75 and 0.6 of its memory, on every pretended device") {
  for (const NormKind norm : {NormKind::batch, NormKind::group, NormKind::none}) {
    const std::unique_ptr<Graph> graph = unet_step(norm);
    for (const char* profile : {"discrete", "cpu", "minimal"}) {
      INFO(profile);
      const DeviceCaps caps = pretended_caps(profile);
      const Plan plan = lower(*graph, caps, kernel_table());
      for (const double part : {0.75, 0.6}) {
        const double budget = part * static_cast<double>(plan.peak_live_bytes);
        const RecomputationChoice choice = choose_recomputation(*graph, plan, static_cast<std::uint64_t>(budget));
        const std::unique_ptr<Graph> less = recompute(*graph, choice.repeated);
        CHECK(verify(*less).empty());
        const Plan fitted = lower(*less, caps, kernel_table());
        CHECK(find_hazards(fitted).empty());
        CHECK(share(fitted.scratch_bytes(), static_cast<double>(fitted.peak_live_bytes)) < 1.15);
        if (caps.is_cpu()) {
          CHECK(choice.fits);
          CHECK(share(fitted.peak_live_bytes, budget) < 1.03);
        } else {  // workspaces of a GPU's kernels are large beside so small images
          CHECK(share(fitted.peak_live_bytes, static_cast<double>(plan.peak_live_bytes)) < 0.95);
        }
        CHECK(choice.repeated == choose_recomputation(*graph, plan, static_cast<std::uint64_t>(budget)).repeated);
      }
    }
  }
}

TEST_CASE("checkpoint: the model of memory agrees with the plan") {
  const std::unique_ptr<Graph> graph = unet_step(NormKind::batch);
  const Plan plan = lower(*graph, pretended_caps("cpu"), kernel_table());
  const Checkpointing checkpointing(*graph);
  MemoryModel model(*graph, plan, checkpointing);
  std::vector<bool> repeated(graph->nodes().size(), false);
  for (std::uint32_t node = 0; node < repeated.size(); node += 3) {
    repeated[node] = !checkpointing.is_late(node) && graph->nodes()[node].op->written_inputs().empty();
    const auto live = model.live_bytes(repeated);
    const Plan exact = lower(*recompute(*graph, repeated), pretended_caps("cpu"), kernel_table());
    CHECK(share(*std::ranges::max_element(live), static_cast<double>(exact.peak_live_bytes)) ==
          doctest::Approx(1).epsilon(0.03));
  }
}

TEST_CASE("checkpoint: norms are applied again, never their statistics taken; every update is done once") {
  const std::unique_ptr<Graph> graph = unet_step(NormKind::batch);
  const Plan plan = lower(*graph, pretended_caps("cpu"), kernel_table());
  const auto less = recompute(*graph, choose_recomputation(*graph, plan, plan.peak_live_bytes / 2).repeated);
  CHECK(count(*less, "normalize_apply") > 3);
  CHECK(count(*less, "conv") > count(*graph, "conv"));
  for (const char* op : {"normalize", "assign", "adam", "pack", "normalize_gradient", "conv_weight_gradient"})
    CHECK(count(*less, op) == count(*graph, op));
  CHECK(less->outputs().size() == graph->outputs().size());
}

TEST_CASE("checkpoint: what costs little is computed again before convolutions") {
  const std::unique_ptr<Graph> graph = unet_step(NormKind::batch);
  const Plan plan = lower(*graph, pretended_caps("cpu"), kernel_table());
  const auto less = recompute(*graph, choose_recomputation(*graph, plan, plan.peak_live_bytes * 9 / 10).repeated);
  CHECK(less->nodes().size() > graph->nodes().size());
  const auto flops = [&](const Graph& of) {
    double sum = 0;
    for (const PlannedDispatch& each : lower(of, pretended_caps("cpu"), kernel_table()).dispatches)
      sum += each.dispatch.flops;
    return sum;
  };
  CHECK(flops(*less) < 1.02 * flops(*graph));
}

TEST_CASE("checkpoint: a chain, step by step") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 32, 32}),
              state = graph.input("random_state", {kRandomStateElements}, DType::i32);
  const Value weight = graph.parameter("w", {4, 4, 3, 3}, Initializer::he_normal(36));
  const Value first = dropout(conv(x, weight, {}, {.padding = {1}}), state, {.p = 0.5f, .training = true});
  const Value loss = mean(square(conv(sigmoid(first), weight, {}, {.padding = {1}})));
  graph.output("loss", loss);
  add_update(graph, loss, graph.input("step_state", {kStepStateElements}), TrainOptions{});
  const std::unique_ptr<Graph> whole = optimize(graph);
  const Checkpointing checkpointing(*whole);
  std::vector<bool> all(whole->nodes().size());
  for (std::uint32_t node = 0; node < all.size(); ++node) all[node] = !checkpointing.is_late(node);
  const auto twice = recompute(*whole, all);
  CHECK(verify(*twice).empty());
  CHECK(count(*twice, "random") == 2);  // the walk back draws the mask again, by the same number
  std::vector<std::string> masks;
  for (const Node& node : twice->nodes())
    if (node.op->name() == "random") masks.push_back(node.op->attributes());
  CHECK(masks.at(0) == masks.at(1));
  CHECK(std::ranges::any_of(twice->nodes(), [](const Node& node) { return node.label.ends_with("again"); }));
  CHECK(recompute(*whole, std::vector<bool>(all.size(), false))->nodes().size() == whole->nodes().size());
}

TEST_CASE("checkpoint: a graph without a walk back has nothing to give") {
  Graph graph;
  graph.output("logits", unet(graph, graph.input("images", {1, 1, 32, 32}), {.base = 8, .depth = 2}, false));
  const auto inference = optimize(graph);
  const Plan plan = lower(*inference, pretended_caps("cpu"), kernel_table());
  const RecomputationChoice choice = choose_recomputation(*inference, plan, plan.peak_live_bytes / 2);
  CHECK_FALSE(choice.fits);
  CHECK(std::ranges::count(choice.repeated, true) == 0);
}

TEST_CASE("checkpoint: planned() fits a step into what it may take, or comes as near as it can") {
  const std::unique_ptr<Graph> graph = unet_step(NormKind::batch);
  const DeviceCaps caps = pretended_caps("cpu");
  const PlannedGraph whole = planned(*graph, caps);
  CHECK(whole.repetitions == 0);
  CHECK(whole.store_bytes > 0);
  CHECK(planned(*graph, caps, {.memory = whole.bytes()}).repetitions == 0);
  std::uint32_t before = 0;
  for (const double part : {0.9, 0.75, 0.6}) {
    const auto memory = static_cast<std::uint64_t>(part * static_cast<double>(whole.bytes()));
    const PlannedGraph fitted = planned(*graph, caps, {.memory = memory});
    CHECK(fitted.bytes() <= memory);
    CHECK(fitted.repetitions > before);
    before = fitted.repetitions;
  }
  const PlannedGraph least = planned(*graph, caps, {.memory = 1 << 16});
  CHECK(least.bytes() > 1 << 16);
  CHECK(least.bytes() < whole.bytes() * 6 / 10);
  CHECK(planned(*graph, caps, {.memory = least.bytes()}).bytes() <= least.bytes());
}

TEST_CASE("checkpoint: with activations stored as f16") {
  TrainOptions options;
  options.dtype = "f16";  // with loss scaling, whose outputs depend on the walk back
  const std::unique_ptr<Graph> graph = mixed_precision(*unet_step(NormKind::batch, options));
  const Plan plan = lower(*graph, pretended_caps("cpu"), kernel_table());
  const RecomputationChoice choice = choose_recomputation(*graph, plan, plan.peak_live_bytes * 6 / 10);
  CHECK(choice.fits);
  const auto less = recompute(*graph, choice.repeated);
  CHECK(verify(*less).empty());
  CHECK(share(lower(*less, pretended_caps("cpu"), kernel_table()).peak_live_bytes,
              static_cast<double>(plan.peak_live_bytes)) < 0.62);
}

}  // namespace tuff::test
