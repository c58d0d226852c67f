// Two training steps of a U-Net give the same bits in 20 orders of the dispatches between barriers, with every value
// in its own NaN-filled memory, and wherever submissions are cut.
#include <doctest/doctest.h>

#include <memory>

#include "models/unet.h"
#include "ops/adam.h"
#include "ops/bce_with_logits.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "support/train_bits.h"
#include "train/training_graph.h"

using namespace tuff;
using tuff::test::test_device;
using tuff::test::train_bits;

namespace {

struct Step {
  Graph graph;
  explicit Step(NormKind norm) {
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
  return train_bits(step.graph, options, 2);
}

}  // namespace

TEST_CASE("unet orders: equal bits in any order between barriers, in poisoned memory, however submissions are cut") {
  for (const NormKind norm : {NormKind::batch, NormKind::none}) {
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
