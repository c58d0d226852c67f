// Kernels that compute an input while they read what it is computed from change no bits.
#include "plan/read_through.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "models/unet.h"
#include "ops/bce_with_logits.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/optimizer.h"
#include "ops/pointwise.h"
#include "runtime/comparison.h"
#include "runtime/compile.h"
#include "support/skip.h"
#include "support/test_device.h"
#include "support/train_bits.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

// Wide enough that Winograd's transforms and weight_stationary run its convolutions of concatenations and behind norms.
std::unique_ptr<Graph> step() {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", {2, 1, 64, 64}), labels = graph->input("labels", {2, 1, 64, 64});
  const Value state = graph->input("step_state", {kStepStateElements});
  const UNetConfig config{.base = 16, .depth = 2, .norm = UNetConfig::Norm::batch};
  const Value loss = bce_with_logits(unet(*graph, x, config, true), labels);
  graph->output("loss", loss);
  add_update(*graph, loss, state, TrainOptions{});
  return graph;
}

// The losses and all variables after three steps.
std::vector<std::vector<std::byte>> train(const Graph& graph, const CompileOptions& options) {
  return train_bits(graph, options, 3);
}

// relu(conv(concat(a, b, c))) of these inputs.
HostTensor convolved(const Graph& graph, const CompileOptions& options) {
  ParameterStore store(test_device(), graph);
  store.initialize(4);
  const auto executable = compile(graph, test_device(), &store, options);
  for (const Value input : graph.inputs())
    executable->write(graph.info(input).name, random_values(input.type(), input.shape()[1]));
  executable->run();
  return executable->read("y");
}

}  // namespace

TEST_CASE("reading through inputs: a convolution of three unequal tensors, with bias and activation") {
  Graph graph;
  std::vector<Value> pieces;
  for (const std::int64_t channels : {16, 32, 64})
    pieces.push_back(relu(graph.input("piece" + std::to_string(channels), {2, channels, 30, 26})));
  const Value weight = graph.parameter("w", {32, 112, 3, 3}, Initializer::he_normal(9 * 112));
  const Value bias = graph.parameter("b", {32}, Initializer::constant(0.1f));
  graph.output("y", relu(conv(concat(pieces), weight, bias, {.padding = {1}})));
  CompileOptions in_memory;
  in_memory.lower.read_through = false;
  CHECK(convolved(graph, {}).data == convolved(graph, in_memory).data);
}

TEST_CASE("reading through inputs: equal losses, weights and running statistics") {
  const auto graph = step();
  CompileOptions in_memory;
  in_memory.lower.read_through = false;
  const auto expected = train(*graph, in_memory);
  CHECK(train(*graph, {}) == expected);
  const PlannedGraph through = planned(*graph, test_device().caps()),
                     whole = planned(*graph, test_device().caps(), in_memory);
  if (through.plan.dispatches.size() == whole.plan.dispatches.size())
    return skip("no kernel of this device reads through inputs");
  CHECK(through.plan.scratch_bytes() <= whole.plan.scratch_bytes());
  CHECK(train(*graph, {.memory = through.bytes() * 9 / 10}) == expected);
  CompileOptions poisoned;
  poisoned.lower.separate_allocations = true;
  poisoned.execution.poison_scratch = true;
  CHECK(train(*graph, poisoned) == expected);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CompileOptions shuffled;
    shuffled.shuffle_seed = seed;
    CHECK(train(*graph, shuffled) == expected);
  }
}

}  // namespace tuff::test
