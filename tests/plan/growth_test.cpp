// What planning costs as nets and images grow: few pipelines serve images of all sizes, and deep nets are planned soon.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/os.h"
#include "models/unet.h"
#include "ops/bce_with_logits.h"
#include "ops/conv.h"
#include "ops/kernel_table.h"
#include "ops/normalize.h"
#include "ops/optimizer.h"
#include "ops/pointwise.h"
#include "passes/optimize.h"
#include "plan/plan.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

using Pipelines = std::set<std::pair<std::string, std::vector<std::uint32_t>>>;

Pipelines pipelines(const UNetConfig& config, std::int64_t height, std::int64_t width, const DeviceCaps& caps) {
  Graph graph;
  graph.output("logits", unet(graph, graph.input("images", {1, 1, height, width}), config, false));
  Pipelines result;
  const auto optimized = optimize(graph);
  for (const PlannedDispatch& planned : lower(*optimized, caps, kernel_table()).dispatches)
    result.emplace(planned.dispatch.shader, planned.dispatch.specialization);
  return result;
}

// A software driver with all that kernels for such can use.
DeviceCaps software_driver(bool shared_loads) {
  DeviceCaps caps = pretended_caps("cpu");
  caps.subgroup_broadcast = true;
  caps.shared_loads = shared_loads;
  return caps;
}

// 200 convolutions with norms, each two with a shortcut; a training step.
std::unique_ptr<Graph> deep_net() {
  auto graph = std::make_unique<Graph>();
  Value x = graph->input("images", {2, 16, 32, 32});
  const Value labels = graph->input("labels", {2, 16, 32, 32});
  const Value state = graph->input("step_state", {kStepStateElements});
  for (int block = 0; block < 100; ++block) {
    const Value shortcut = x;
    for (int layer = 0; layer < 2; ++layer) {
      const std::string name = fmt::format("block{}.conv{}", block, layer);
      const Value weight = graph->parameter(name + ".weight", {16, 16, 3, 3}, Initializer::he_normal(144));
      const Value scale = graph->parameter(name + ".norm.weight", {16}, Initializer::constant(1));
      const Value bias = graph->parameter(name + ".norm.bias", {16}, Initializer::constant(0));
      const Value mean = graph->buffer(name + ".norm.running_mean", {16}, Initializer::constant(0));
      const Value variance = graph->buffer(name + ".norm.running_var", {16}, Initializer::constant(1));
      x = conv(x, weight, {}, {.padding = {1, 1}});
      x = relu(batch_norm(x, scale, bias, mean, variance, {.training = true}).output);
    }
    x = add(x, shortcut);
  }
  const Value loss = bce_with_logits(x, labels);
  graph->output("loss", loss);
  add_update(*graph, loss, state, TrainOptions{});
  return graph;
}

}  // namespace

TEST_CASE("growth: images of other sizes need few other pipelines") {
  const UNetConfig config{.base = 32, .depth = 4};
  // A GPU's tiles are chosen by size, and some need no checks at their ends.
  for (const DeviceCaps& caps : {software_driver(false), software_driver(true), pretended_caps("discrete")}) {
    INFO(caps.name);
    Pipelines known = pipelines(config, 256, 256, caps);
    MESSAGE(known.size() << " pipelines for 256x256");
    known.merge(pipelines(config, 512, 512, caps));
    for (const auto& [height, width] : {std::pair{320, 384}, {400, 272}, {1024, 768}, {336, 1520}, {2048, 2048}}) {
      Pipelines more = pipelines(config, height, width, caps);
      const std::size_t all = more.size(), before = known.size();
      known.merge(more);
      MESSAGE((known.size() - before) << " of " << all << " new for " << height << "x" << width);
      CHECK(known.size() - before <= all / 4);
    }
  }
}

TEST_CASE("growth: a training step of a net of 200 layers is planned in less than 2 s") {
  const double begin = os::thread_cpu_seconds();  // not the clock's: other programs may have the cores
  const auto graph = deep_net();
  const double built = os::thread_cpu_seconds();
  const auto optimized = optimize(*graph);
  const double passed = os::thread_cpu_seconds();
  const Plan plan = lower(*optimized, pretended_caps("cpu"), kernel_table());
  const double planned = os::thread_cpu_seconds();
  MESSAGE(graph->nodes().size() << " nodes in " << built - begin << " s, passes " << passed - built << " s, plan of "
                                << plan.dispatches.size() << " dispatches " << planned - passed << " s");
  CHECK(plan.dispatches.size() > 1000);
  CHECK(planned - begin < 2);
}

}  // namespace tuff::test
