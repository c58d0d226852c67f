// Kernels that compute an input while they read what it is computed from change no bits.
#include "plan/read_through.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/unet.h"
#include "ops/bce_with_logits.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_weight_gradient.h"
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
  const UNetConfig config{.base = 16, .depth = 2, .norm = NormKind::batch};
  const Value loss = bce_with_logits(unet(*graph, x, config, true), labels);
  graph->output("loss", loss);
  add_update(*graph, loss, state, TrainOptions{});
  return graph;
}

// The losses and all variables after three steps.
std::vector<std::vector<std::byte>> train(const Graph& graph, const CompileOptions& options) {
  return train_bits(graph, options, 3);
}

// The outputs y and dw for random inputs.
std::pair<std::vector<std::byte>, std::vector<std::byte>> convolved(const Graph& graph, const CompileOptions& options) {
  ParameterStore store(test_device(), graph);
  store.initialize(4);
  const auto executable = compile(graph, test_device(), &store, options);
  for (const Value input : graph.inputs())
    executable->write(graph.info(input).name, random_values(input.type(), input.shape()[1]));
  executable->run();
  return std::pair{executable->read("y").data, executable->read("dw").data};
}

}  // namespace

TEST_CASE("reading through inputs: a convolution of unequal tensors, with bias and activation") {
  // Where a lane takes two channels of 16, pieces of 24 and 40 make it take one.
  for (const std::vector<std::int64_t>& widths :
       {std::vector<std::int64_t>{16, 48}, {48, 16}, {24, 40}, {16, 32, 64}}) {
    Graph graph;
    std::vector<Value> pieces;
    std::int64_t all = 0;
    for (std::size_t i = 0; i < widths.size(); ++i, all += widths[i - 1])
      pieces.push_back(relu(graph.input("piece" + std::to_string(i), {2, widths[i], 30, 26})));
    const Value x = concat(pieces), upstream = graph.input("upstream", {2, 32, 30, 26});
    const Value weight = graph.parameter("w", {32, all, 3, 3}, Initializer::he_normal(9 * all));
    const Value bias = graph.parameter("b", {32}, Initializer::constant(0.1f));
    const Shape shape = weight.shape();
    graph.output("y", relu(conv(x, weight, bias, {.padding = {1}})));
    graph.output("dw", conv_weight_gradient(x, upstream, shape, resolve("conv", {.padding = {1}}, x.shape(), shape)));
    INFO(widths[0]);
    for (const std::string kernel : {"", "winograd_tiled_2x2", "winograd_tiled_4x4"}) {
      CAPTURE(kernel);
      CompileOptions reading;
      if (!kernel.empty()) reading.lower.force = {{"conv", kernel}, {"conv_weight_gradient", kernel}};
      CompileOptions in_memory = reading;
      in_memory.lower.read_through = false;
      const auto through = convolved(graph, reading), whole = convolved(graph, in_memory);
      CHECK(through == whole);
      if (kernel.empty()) continue;
      const auto values = [&](const CompileOptions& options) {
        return planned(graph, test_device().caps(), options).plan.scratch.size();
      };
      CHECK(values(reading) < values(in_memory));  // all but the concatenation
    }
  }
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
