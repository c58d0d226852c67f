// Two training steps of a U-Net give the same bits in 20 orders of the dispatches between barriers, with every value
// in its own NaN-filled memory, and wherever submissions are cut.
#include <doctest/doctest.h>

#include <memory>

#include "base/philox.h"
#include "models/unet.h"
#include "ops/adam.h"
#include "ops/bce_with_logits.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "train/training_graph.h"

using namespace tuff;
using tuff::test::test_device;

namespace {

struct Step {
  Graph graph;
  explicit Step(UNetConfig::Norm norm) {
    const Value x = graph.input("images", {2, 1, 16, 16});
    const Value labels = graph.input("labels", {2, 1, 16, 16});
    const Value state = graph.input("step_state", {kStepStateElements});
    const Value loss = bce_with_logits(unet(graph, x, {.base = 4, .depth = 2, .norm = norm}, true), labels);
    graph.output("loss", loss);
    add_update(graph, loss, state, TrainOptions{});
  }
};

// The losses and all variables after two steps.
std::vector<std::vector<std::byte>> train(const Step& step, const CompileOptions& options) {
  ParameterStore store(test_device(), step.graph);
  store.initialize(3);
  const auto executable = compile(step.graph, test_device(), &store, options);
  HostTensor images(Shape{2, 1, 16, 16}), labels(Shape{2, 1, 16, 16});
  PhiloxStream draws(11);
  for (float& value : images.floats()) value = draws.uniform();
  for (float& value : labels.floats()) value = draws.uniform() < 0.5f ? 0.0f : 1.0f;
  executable->write("images", images);
  executable->write("labels", labels);
  std::vector<std::vector<std::byte>> result;
  for (std::int64_t number = 0; number < 2; ++number) {
    executable->write("step_state", step_state_tensor(TrainOptions{}, 1e-3, number));
    executable->run();
    result.push_back(executable->read("loss").data);
  }
  for (const Variable& variable : store.variables()) result.push_back(store.read(variable.name).data);
  return result;
}

}  // namespace

TEST_CASE("unet orders: equal bits in any order between barriers, in poisoned memory, however submissions are cut") {
  for (const UNetConfig::Norm norm : {UNetConfig::Norm::batch, UNetConfig::Norm::none}) {
    const Step step(norm);
    const auto expected = train(step, {});
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      INFO("order ", seed);
      CompileOptions shuffled;
      shuffled.shuffle_seed = seed;
      CHECK(train(step, shuffled) == expected);
    }
    CompileOptions poisoned;
    poisoned.lower.separate_allocations = true;
    poisoned.execution.poison_scratch = true;
    CHECK(train(step, poisoned) == expected);
    CompileOptions cut;
    cut.execution.submission_budget = 1e5;
    CHECK(train(step, cut) == expected);
  }
}
