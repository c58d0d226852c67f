// Training in less memory changes no bits: what is computed a second time is what was dropped.
#include "passes/checkpoint.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>

#include "base/error.h"
#include "models/unet.h"
#include "ops/adam.h"
#include "ops/bce_with_logits.h"
#include "ops/conv.h"
#include "ops/dropout.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "support/train_bits.h"
#include "train/training_graph.h"

using namespace tuff;
using tuff::test::test_device;
using tuff::test::train_bits;

namespace {

using Build = std::function<Value(Graph&, Value x, Value labels)>;

std::unique_ptr<Graph> step_of(const Build& build) {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", {2, 1, 32, 32}), labels = graph->input("labels", {2, 1, 32, 32});
  const Value state = graph->input("step_state", {kStepStateElements});
  const Value loss = build(*graph, x, labels);
  graph->output("loss", loss);
  add_update(*graph, loss, state, TrainOptions{});
  return graph;
}

Build unet_with(NormKind norm) {
  return [norm](Graph& graph, Value x, Value labels) {
    return bce_with_logits(unet(graph, x, {.base = 4, .depth = 2, .norm = norm}, true), labels);
  };
}

// Ops that draw: their second run must draw the same.
Value with_dropout(Graph& graph, Value x, Value labels) {
  const Value state = graph.input("random_state", {kRandomStateElements}, DType::i32);
  for (int layer = 0; layer < 3; ++layer) {
    const std::int64_t in = x.shape()[1];
    const Value weight = graph.parameter("w" + std::to_string(layer), {8, in, 3, 3}, Initializer::he_normal(in * 9));
    x = relu(dropout(conv(x, weight, {}, {.padding = {1}}), state, {.p = 0.3f}));
  }
  const Value head = graph.parameter("head", {1, 8, 1, 1}, Initializer::he_normal(8));
  return bce_with_logits(conv(x, head, {}), labels);
}

// The losses and all variables after three steps.
std::vector<std::vector<std::byte>> train(const Graph& graph, const CompileOptions& options) {
  return train_bits(graph, options, 3);
}

}  // namespace

TEST_CASE("checkpointing: equal losses, weights and running statistics, however much is computed twice") {
  const std::pair<const char*, Build> nets[] = {{"batch", unet_with(NormKind::batch)},
                                                {"group", unet_with(NormKind::group)},
                                                {"none", unet_with(NormKind::none)},
                                                {"dropout", with_dropout}};
  for (const auto& [name, build] : nets) {
    INFO(name);
    const auto graph = step_of(build);
    const auto expected = train(*graph, {});
    const PlannedGraph whole = planned(*graph, test_device().caps());
    const std::uint64_t other = whole.bytes() - whole.plan.scratch_bytes();
    const std::uint64_t least =
        planned(*graph, test_device().caps(), {.memory = other + 1}).bytes();  // what is asked can't be had
    CHECK(least < whole.bytes());
    for (const std::uint64_t memory : {(whole.bytes() + least) / 2, least}) {
      const PlannedGraph fitted = planned(*graph, test_device().caps(), {.memory = memory});
      REQUIRE(fitted.bytes() <= memory);
      CHECK(fitted.repetitions > 0);
      CHECK(train(*graph, {.memory = memory}) == expected);
    }
    CompileOptions shuffled{.memory = least};
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      shuffled.shuffle_seed = seed;
      CHECK(train(*graph, shuffled) == expected);
    }
  }
}

TEST_CASE("checkpointing: in NaN-filled memory of its own for each value") {
  const auto graph = step_of(unet_with(NormKind::batch));
  const auto prepared_graph = prepared(*graph);
  const Checkpointing checkpointing(*prepared_graph);
  std::vector<bool> all(prepared_graph->nodes().size());
  for (std::uint32_t node = 0; node < all.size(); ++node) all[node] = !checkpointing.is_late(node);
  CompileOptions poisoned{.optimize = false};
  poisoned.lower.separate_allocations = true;
  poisoned.execution.poison_scratch = true;
  CHECK(train(*recompute(*prepared_graph, all), poisoned) == train(*graph, {}));
}

TEST_CASE("checkpointing: an executable takes what its plan says, and refuses what can't be") {
  const auto graph = step_of(unet_with(NormKind::batch));
  ParameterStore store(test_device(), *graph);
  const PlannedGraph whole = planned(*graph, test_device().caps());
  CHECK(compile(*graph, test_device(), &store)->device_bytes() == whole.device_bytes);
  const auto memory = whole.bytes() * 8 / 10;
  CHECK(compile(*graph, test_device(), &store, {.memory = memory})->device_bytes() + whole.store_bytes <= memory);
  try {
    compile(*graph, test_device(), &store, {.memory = 1000});
    FAIL("a step in 1,000 bytes was not refused");
  } catch (const OutOfMemory& error) {
    CHECK(std::string(error.what()).find("--memory") != std::string::npos);
    CHECK(std::string(error.what()).find("smaller batch") != std::string::npos);
  }
}
