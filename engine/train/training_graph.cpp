#include "train/training_graph.h"

#include <fmt/format.h>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "ops/adam.h"
#include "ops/bce_with_logits.h"
#include "ops/cross_entropy.h"
#include "ops/dice_loss.h"
#include "ops/pack.h"
#include "ops/pointwise.h"
#include "ops/sgd.h"

namespace tuff {

void check_crop(const Network& network, const TrainOptions& options) {
  if (network.output_size(options.crop) > 0) return;
  const auto [below, above] = network.nearest_sizes(options.crop);
  throw Error(fmt::format("--crop {}: a net of --depth {}{} can't halve it; use {}{}", options.crop, options.depth,
                          options.padding == "valid" ? " with --padding valid" : "",
                          below > 0 ? fmt::format("{} or ", below) : "", above));
}

Value training_loss(Value logits, Value labels, const TrainOptions& options) {
  const bool multi_class = options.classes > 1;
  const auto activation = multi_class ? DiceAttributes::Activation::softmax : DiceAttributes::Activation::sigmoid;
  if (options.loss == "ce") return cross_entropy(logits, labels);
  if (options.loss == "dice") return dice_loss(logits, labels, {.activation = activation});
  if (options.loss == "bce") return bce_with_logits(logits, labels);
  if (options.loss == "bce+dice")
    return add(bce_with_logits(logits, labels), dice_loss(logits, labels, {.activation = activation}));
  throw Error(fmt::format("loss: \"{}\" is none of bce, ce, dice, bce+dice", options.loss));
}

void add_update(Graph& graph, Value loss, Value step_state, const TrainOptions& options) {
  std::vector<Value> parameters;
  std::vector<std::uint64_t> offsets;
  const std::vector<Variable> variables = graph.variables();
  for (const Variable& variable : variables) {
    if (variable.arena != "parameters") continue;
    parameters.push_back(
        graph.parameter(variable.name, variable.type.shape, variable.initializer, variable.type.layout));
    offsets.push_back(variable.offset);
  }
  std::vector<Value> gradients;
  {
    const auto scope = graph.scope("backward");
    gradients = gradient(loss, parameters);
  }
  const auto scope = graph.scope("update");
  const Value flat = pack(graph, "gradients", gradients, offsets, graph.arena_elements("parameters"));
  const Value scale = options.clip > 0 ? clip_coefficient(flat, static_cast<float>(options.clip)) : Value{};
  if (options.optimizer == "sgd") {
    const Value buffer = options.momentum > 0 ? graph.arena("sgd.momentum") : Value{};
    sgd(graph.arena("parameters"), flat, buffer, step_state,
        {.momentum = options.momentum, .weight_decay = options.weight_decay}, scale);
  } else {
    adam(graph.arena("parameters"), flat, graph.arena("adam.m"), graph.arena("adam.v"), step_state,
         {.weight_decay = options.weight_decay}, scale);
  }
}

std::unique_ptr<Graph> training_graph(const Network& network, const TrainOptions& options) {
  check_crop(network, options);
  auto graph = std::make_unique<Graph>();
  const Value images = graph->input("images", {options.batch, network.in_channels, options.crop, options.crop});
  const Value logits = network.build(*graph, images, true);
  const std::int64_t size = logits.shape()[2];
  const Value labels = options.classes > 1 ? graph->input("labels", {options.batch, size, size}, DType::i32)
                                           : graph->input("labels", {options.batch, 1, size, size});
  const Value step_state = graph->input("step_state", {kStepStateElements});
  Value loss;
  {
    const auto scope = graph->scope("loss");
    loss = training_loss(logits, labels, options);
  }
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return graph;
}

std::unique_ptr<Graph> inference_graph(const Network& network, std::int64_t batch, std::int64_t height,
                                       std::int64_t width) {
  auto graph = std::make_unique<Graph>();
  const Value images = graph->input("images", {batch, network.in_channels, height, width});
  graph->output("logits", network.build(*graph, images, false));
  return graph;
}

HostTensor step_state_tensor(const TrainOptions& options, double learning_rate, std::int64_t step) {
  const AdamAttributes attributes{.weight_decay = options.weight_decay};
  return HostTensor::from_floats({kStepStateElements}, step_state(learning_rate, step + 1, attributes));
}

}  // namespace tuff
