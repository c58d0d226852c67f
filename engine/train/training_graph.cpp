#include "train/training_graph.h"

#include <fmt/format.h>

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
Value decay_factors(Graph& graph, const ArenaRange& range, const TrainOptions& options) {
  const std::vector<std::string> left_out = no_decay_groups(options.no_decay);
  const auto named = [&](const char* group) { return std::ranges::find(left_out, group) != left_out.end(); };
  const auto blocks = static_cast<std::int64_t>(range.elements) / kDecayBlock;
  std::vector<float> factors(static_cast<std::size_t>(blocks), 1.0f);
  for (const Variable& variable : graph.variables()) {
    if (variable.arena != "parameters" || variable.offset < range.first) continue;
    if (variable.offset >= range.first + range.elements) continue;
    const bool kept =
        !(named("bias") && variable.name.ends_with("bias")) && !(named("norm") && belongs_to_norm(graph, variable));
    if (kept) continue;
    const std::int64_t first = static_cast<std::int64_t>(variable.offset - range.first) / kDecayBlock;
    const std::int64_t count = (variable.type.shape.elements() + kDecayBlock - 1) / kDecayBlock;
    std::fill_n(factors.begin() + first, count, 0.0f);
  }
  return graph.constant(HostTensor::from_floats({blocks}, factors));
}

AdamAttributes adam_attributes(const TrainOptions& options) {
  return {.weight_decay = options.weight_decay, .decoupled_weight_decay = options.optimizer == "adamw"};
}

std::vector<Value> add_optimizer(Graph& graph, const ArenaRange& range, Value gradients, Value step_state,
                                 const UpdateOptions& update, const TrainOptions& options) {
  const auto arena = [&](const char* name) { return graph.arena(name, range); };
  const Value parameters = arena("parameters");
  const double decay = options.weight_decay;
  if (options.optimizer == "sgd")
    return sgd(parameters, gradients, options.momentum > 0 ? arena("sgd.momentum") : Value{}, step_state,
               {.momentum = options.momentum, .weight_decay = decay, .nesterov = options.nesterov}, update);
  if (options.optimizer == "adagrad")
    return adagrad(parameters, gradients, arena("adagrad.sum"), step_state, {.weight_decay = decay}, update);
  if (options.optimizer == "rmsprop")
    return rmsprop(parameters, gradients, {arena("rmsprop.square_avg")}, step_state, {.weight_decay = decay}, update);
  return adam(parameters, gradients, arena("adam.m"), arena("adam.v"), step_state, adam_attributes(options), update);
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

// 1 where `norm` isn't finite: the verdict of loss scaling by a scale that never changes.
Value unless_finite(Value norm, Value step_state) {
  Graph& graph = norm.graph();
  const Value counts = graph.constant(HostTensor(Shape{kLossScaleCounts}));
  return loss_scale(graph.scalar(1), counts, norm, step_state, {.growth_factor = 1, .backoff_factor = 1}).skip;
}

void name_gradient_norm(Value squares) {
  Graph& graph = squares.graph();
  const auto is_named = [](const Output& output) { return output.name == kGradientNorm; };
  graph.output(std::ranges::any_of(graph.outputs(), is_named) ? kSecondGradientNorm : kGradientNorm, sqrt(squares));
}

}  // namespace

std::vector<Variable> parameters_of(const Graph& graph, std::string_view prefix, bool others) {
  std::vector<Variable> chosen;
  for (const Variable& variable : graph.variables())
    if (variable.arena == "parameters" && variable.name.starts_with(prefix) != others) chosen.push_back(variable);
  return chosen;
}

void add_update(Graph& graph, Value loss, Value step_state, const TrainOptions& options) {
  add_update(graph, loss, step_state, options, parameters_of(graph, ""), false);
}

std::vector<Value> add_update(Graph& graph, Value loss, Value step_state, const TrainOptions& options,
                              const std::vector<Variable>& variables, bool read_on) {
  if (variables.empty()) throw Error("training: the network has no parameters");
  ArenaRange range{.first = variables.front().offset};
  std::vector<Value> parameters;
  std::vector<std::uint64_t> offsets;
  for (const Variable& variable : variables) {
    parameters.push_back(
        graph.parameter(variable.name, variable.type.shape, variable.initializer, variable.type.layout));
    offsets.push_back(variable.offset - range.first);
  }
  const auto last = static_cast<std::uint64_t>(variables.back().type.shape.elements());
  range.elements = (offsets.back() + last + kVariableAlignment - 1) / kVariableAlignment * kVariableAlignment;
  const Scaling scaling = options.dtype == "f16" ? declare_scaling(graph) : Scaling{};
  const std::vector<Value> gradients = scaled_gradients(loss, scaling, parameters);
  const auto scope = graph.scope("update");
  Value flat = pack(graph, "gradients", gradients, offsets, range.elements, range.first);
  UpdateOptions update{.average_decay = options.ema, .l1 = options.l1};
  if (read_on) update.updated = variables;
  if (scaling.scale) {
    const LossScale next = update_scaling(scaling, loss, flat, step_state, options);
    update.gradient_scale = next.gradient_scale;
    update.skip = next.skip;
    step_state = next.step_state;
    name_gradient_norm(mul(sum_of_squares(flat), mul(next.gradient_scale, next.gradient_scale)));
  } else {
    const Value squares = sum_of_squares(flat);
    update.skip = unless_finite(add(squares, abs(view_as(loss, {DType::f32, {}}))), step_state);
    name_gradient_norm(squares);
  }
  if (options.clip_value > 0) {
    const auto largest = static_cast<float>(options.clip_value);
    flat = clamp(update.gradient_scale ? mul(flat, update.gradient_scale) : flat, -largest, largest);
    update.gradient_scale = {};
  }
  if (options.clip > 0)
    update.gradient_scale = clip_coefficient(flat, static_cast<float>(options.clip), update.gradient_scale);
  if (!options.no_decay.empty() && (options.weight_decay > 0 || options.l1 > 0))
    update.decay_factors = decay_factors(graph, range, options);
  if (options.ema > 0) update.average = graph.arena(kAverageArena, range);
  return add_optimizer(graph, range, flat, step_state, update, options);
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
  if (name == "mse") return mse_loss(image, truth);
  throw Error(fmt::format("loss: \"{}\" is none of mse, l1, huber", name));
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

Value dropout_state(Graph& graph, bool training, float rate) {
  return training && rate > 0 ? random_state_input(graph) : Value{};
}

HostTensor random_state_tensor(std::uint64_t seed, std::int64_t step) {
  return HostTensor::from_ints({kRandomStateElements}, random_state(seed, step));
}

HostTensor step_state_tensor(const TrainOptions& options, double learning_rate, std::int64_t step) {
  return HostTensor::from_floats({kStepStateElements}, step_state(learning_rate, step + 1, adam_attributes(options)));
}

}  // namespace tuff
