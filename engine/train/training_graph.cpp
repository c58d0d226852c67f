#include "train/training_graph.h"

#include <algorithm>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "ops/adagrad.h"
#include "ops/adam.h"
#include "ops/assign.h"
#include "ops/elementwise_loss.h"
#include "ops/loss_scale.h"
#include "ops/pack.h"
#include "ops/pointwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/rmsprop.h"
#include "ops/sgd.h"
#include "train/checkpoint.h"

namespace tuff {
namespace {

constexpr const char* kRandomState = "random_state";

// A layer whose weight is a vector is a norm: convolutions and matrices have more axes.
bool belongs_to_norm(const Graph& graph, const Variable& variable) {
  const std::string layer = variable.name.substr(0, variable.name.rfind('.') + 1);
  return std::ranges::any_of(graph.variables(), [&](const Variable& other) {
    return other.name == layer + "weight" && other.type.shape.rank() == 1;
  });
}

// For UpdateOptions: 0 for the parameters that --no-decay names.
Value decay_factors(Graph& graph, const TrainOptions& options) {
  const std::vector<std::string> left_out = no_decay_groups(options.no_decay);
  const auto named = [&](const char* group) { return std::ranges::find(left_out, group) != left_out.end(); };
  const auto blocks = static_cast<std::int64_t>(graph.arena_elements("parameters")) / kDecayBlock;
  std::vector<float> factors(static_cast<std::size_t>(blocks), 1.0f);
  for (const Variable& variable : graph.variables()) {
    if (variable.arena != "parameters") continue;
    const bool kept =
        !(named("bias") && variable.name.ends_with("bias")) && !(named("norm") && belongs_to_norm(graph, variable));
    if (kept) continue;
    const std::int64_t first = static_cast<std::int64_t>(variable.offset) / kDecayBlock;
    const std::int64_t count = (variable.type.shape.elements() + kDecayBlock - 1) / kDecayBlock;
    std::fill_n(factors.begin() + first, count, 0.0f);
  }
  return graph.constant(HostTensor::from_floats({blocks}, factors));
}

AdamAttributes adam_attributes(const TrainOptions& options) {
  return {.weight_decay = options.weight_decay, .decoupled_weight_decay = options.optimizer == "adamw"};
}

void add_optimizer(Graph& graph, Value gradients, Value step_state, const UpdateOptions& update,
                   const TrainOptions& options) {
  const Value parameters = graph.arena("parameters");
  const double decay = options.weight_decay;
  if (options.optimizer == "sgd") {
    const Value buffer = options.momentum > 0 ? graph.arena("sgd.momentum") : Value{};
    sgd(parameters, gradients, buffer, step_state,
        {.momentum = options.momentum, .weight_decay = decay, .nesterov = options.nesterov}, update);
  } else if (options.optimizer == "adagrad") {
    adagrad(parameters, gradients, graph.arena("adagrad.sum"), step_state, {.weight_decay = decay}, update);
  } else if (options.optimizer == "rmsprop") {
    rmsprop(parameters, gradients, {graph.arena("rmsprop.square_avg")}, step_state, {.weight_decay = decay}, update);
  } else {
    adam(parameters, gradients, graph.arena("adam.m"), graph.arena("adam.v"), step_state, adam_attributes(options),
         update);
  }
}

// --dtype f16: the state of loss scaling in the store.
struct Scaling {
  Value scale, counts;
};

Scaling declare_scaling(Graph& graph) {
  return {graph.buffer(kLossScaleBuffer, {1}, Initializer::constant(kFirstLossScale)),
          graph.buffer(kLossScaleCountsBuffer, {kLossScaleCounts}, Initializer::constant(0))};
}

// Of the loss, times the scale where there is one.
std::vector<Value> scaled_gradients(Value loss, const Scaling& scaling, const std::vector<Value>& parameters) {
  const auto scope = loss.graph().scope("backward");
  if (!scaling.scale) return gradient(loss, parameters);
  const Value upstream = view_as(scaling.scale, loss.type());
  return gradient({&loss, 1}, {&upstream, 1}, parameters);
}

// The step's verdict on scaled gradients, stored for the next one.
LossScale update_scaling(const Scaling& scaling, Value loss, Value gradients, Value step_state,
                         const TrainOptions& options) {
  Graph& graph = loss.graph();
  const AdamAttributes adam = adam_attributes(options);
  const Value norm = add(sum_of_squares(gradients), abs(view_as(loss, {DType::f32, {}})));
  const LossScale next =
      loss_scale(scaling.scale, scaling.counts, norm, step_state, {.beta1 = adam.beta1, .beta2 = adam.beta2});
  assign(scaling.scale, next.scale);
  assign(scaling.counts, next.counts);
  graph.output(kLossScaleBuffer, next.scale);
  graph.output(kLossScaleCountsBuffer, next.counts);
  return next;
}

}  // namespace

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
  const Scaling scaling = options.dtype == "f16" ? declare_scaling(graph) : Scaling{};
  const std::vector<Value> gradients = scaled_gradients(loss, scaling, parameters);
  const auto scope = graph.scope("update");
  Value flat = pack(graph, "gradients", gradients, offsets, graph.arena_elements("parameters"));
  UpdateOptions update{.average_decay = options.ema, .l1 = options.l1};
  if (scaling.scale) {
    const LossScale next = update_scaling(scaling, loss, flat, step_state, options);
    update.gradient_scale = next.gradient_scale;
    update.skip = next.skip;
    step_state = next.step_state;
  }
  if (options.clip_value > 0) {
    const auto largest = static_cast<float>(options.clip_value);
    flat = clamp(update.gradient_scale ? mul(flat, update.gradient_scale) : flat, -largest, largest);
    update.gradient_scale = {};
  }
  if (options.clip > 0)
    update.gradient_scale = clip_coefficient(flat, static_cast<float>(options.clip), update.gradient_scale);
  if (!options.no_decay.empty() && (options.weight_decay > 0 || options.l1 > 0))
    update.decay_factors = decay_factors(graph, options);
  if (options.ema > 0) update.average = graph.arena(kAverageArena);
  add_optimizer(graph, flat, step_state, update, options);
}

Shape image_shape(const Network& network, std::int64_t batch, std::int64_t channels, const ImageSize& extents) {
  if (network.rank == 3) return {batch, channels, extents.depth, extents.height, extents.width};
  return {batch, channels, extents.height, extents.width};
}

std::unique_ptr<Graph> inference_graph(const Network& network, std::int64_t batch, const ImageSize& input) {
  auto graph = std::make_unique<Graph>();
  const Value images = graph->input("images", image_shape(network, batch, network.in_channels, input));
  graph->output("logits", network.build(*graph, images, false));
  return graph;
}

Value image_loss(Value image, Value truth, const std::string& name) {
  if (name == "l1") return l1_loss(image, truth);
  if (name == "huber") return huber_loss(image, truth, 0.1f);
  return mse_loss(image, truth);
}

Value random_state_input(Graph& graph) {
  for (const Value input : graph.inputs())
    if (graph.info(input).name == kRandomState) return input;
  return graph.input(kRandomState, {kRandomStateElements}, DType::i32);
}

bool has_random_state(const Graph& graph) {
  return std::ranges::any_of(graph.inputs(),
                             [&](const Value& input) { return graph.info(input).name == kRandomState; });
}

HostTensor random_state_tensor(std::uint64_t seed, std::int64_t step) {
  return HostTensor::from_ints({kRandomStateElements}, random_state(seed, step));
}

HostTensor step_state_tensor(const TrainOptions& options, double learning_rate, std::int64_t step) {
  return HostTensor::from_floats({kStepStateElements}, step_state(learning_rate, step + 1, adam_attributes(options)));
}

}  // namespace tuff
