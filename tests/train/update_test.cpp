// What the options of a run make of the optimizer's update, against PyTorch's formulas; and the moving average of the
// weights in training, checkpoints and models.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "io/dataset.h"
#include "ops/adam.h"
#include "ops/loss_scale.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "support/segmentation_task.h"
#include "support/test_device.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/trainer.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

struct Layer {
  const char* name;
  Shape shape;
  bool norm;
};

const std::vector<Layer> kLayers = {{"conv.weight", {3, 2, 3, 3}, false},
                                    {"conv.bias", {3}, false},
                                    {"norm.weight", {70}, true},
                                    {"norm.bias", {70}, true}};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool decays(const Layer& layer, const TrainOptions& options) {
  const auto groups = no_decay_groups(options.no_decay);
  const auto named = [&](const char* group) { return std::ranges::find(groups, group) != groups.end(); };
  return !(named("bias") && std::string_view(layer.name).ends_with("bias")) && !(named("norm") && layer.norm);
}

// PyTorch's optimizers with their defaults, one element.
struct Element {
  double p, m = 0, v = 0, average = 0;

  void step(double g, double decay, const TrainOptions& options, int t) {
    const double lr = options.lr, wd = decay * options.weight_decay;
    g += decay * options.l1 * (p > 0 ? 1 : p < 0 ? -1 : 0);
    if (options.optimizer == "adamw")
      p *= 1 - lr * wd;
    else
      g += wd * p;
    if (options.optimizer == "sgd") {
      m = t == 1 ? g : options.momentum * m + g;
      p -= lr * (options.nesterov ? g + options.momentum * m : m);
    } else if (options.optimizer == "adagrad") {
      v += g * g;
      p -= lr * g / (std::sqrt(v) + 1e-10);
    } else if (options.optimizer == "rmsprop") {
      v = 0.99 * v + 0.01 * g * g;
      p -= lr * g / (std::sqrt(v) + 1e-8);
    } else {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      p -= lr * m / (1 - std::pow(0.9, t)) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    }
    average = t == 1 ? p : options.ema * average + (1 - options.ema) * p;
  }
};

// Gradients of the loss, sum of direction * parameter: the same in every step, clipped as torch.nn.utils does.
std::vector<std::vector<double>> clipped_gradients(const TrainOptions& options,
                                                   std::vector<std::vector<double>> gradients) {
  double squares = 0;
  for (auto& layer : gradients)
    for (double& g : layer) {
      if (options.clip_value > 0) g = std::clamp(g, -options.clip_value, options.clip_value);
      squares += g * g;
    }
  const double scale = options.clip > 0 ? std::min(1.0, options.clip / (std::sqrt(squares) + 1e-6)) : 1;
  for (auto& layer : gradients)
    for (double& g : layer) g *= scale;
  return gradients;
}

// The largest error after four steps, of parameters and averages. With --dtype f16 three more overflow, the first one
// among them.
double error_of(TrainOptions options) {
  const bool scaled = options.dtype == "f16";
  options.lr = 0.05;
  validate(options);
  Graph graph;
  std::vector<std::vector<Element>> expected;
  std::vector<std::vector<double>> directions;
  std::vector<HostTensor> start;
  Value loss;
  for (const Layer& layer : kLayers) {
    const Value parameter = graph.parameter(layer.name, layer.shape, Initializer::constant(0));
    HostTensor direction(layer.shape), values(layer.shape);
    expected.emplace_back();
    directions.emplace_back();
    for (std::size_t i = 0; i < direction.floats().size(); ++i) {
      const float p = std::sin(static_cast<float>(7 * i + expected.size())),
                  g = 2 * std::cos(static_cast<float>(5 * i));
      values.floats()[i] = p;
      direction.floats()[i] = g;
      expected.back().push_back({p});
      directions.back().push_back(g);
    }
    start.push_back(std::move(values));
    const Value term = sum(mul(parameter, graph.constant(std::move(direction), Layout::weight)));
    loss = loss ? add(loss, term) : term;
  }
  if (scaled) loss = mul(loss, graph.input("overflow", {}));
  add_update(graph, loss, graph.input("step_state", {kStepStateElements}), options);
  ParameterStore store(test_device(), graph);
  store.initialize(0);
  for (std::size_t layer = 0; layer < kLayers.size(); ++layer) store.write(kLayers[layer].name, start[layer]);
  const auto executable = compile(graph, test_device(), &store);
  const auto gradients = clipped_gradients(options, directions);
  const std::vector<float> overflows =
      scaled ? std::vector<float>{kInfinity, 1, 1, kInfinity, kInfinity, 1, 1} : std::vector<float>{1, 1, 1, 1};
  int done = 0;
  for (std::size_t step = 0; step < overflows.size(); ++step) {
    if (scaled) executable->write("overflow", HostTensor::from_floats({}, {&overflows[step], 1}));
    executable->write("step_state", step_state_tensor(options, options.lr, static_cast<std::int64_t>(step)));
    executable->run();
    executable->wait();
    if (overflows[step] == kInfinity) continue;
    ++done;
    for (std::size_t layer = 0; layer < kLayers.size(); ++layer)
      for (std::size_t i = 0; i < expected[layer].size(); ++i)
        expected[layer][i].step(gradients[layer][i], decays(kLayers[layer], options) ? 1 : 0, options, done);
  }
  if (scaled) CHECK(store.read(kLossScaleBuffer).floats()[0] == kFirstLossScale / 8);
  double worst = 0;
  for (std::size_t layer = 0; layer < kLayers.size(); ++layer) {
    const HostTensor parameters = store.read(kLayers[layer].name);
    const HostTensor averages = options.ema > 0 ? store.read(kLayers[layer].name, kAverageArena) : parameters;
    for (std::size_t i = 0; i < expected[layer].size(); ++i) {
      worst = std::max(worst, std::fabs(parameters.floats()[i] - expected[layer][i].p));
      if (options.ema > 0) worst = std::max(worst, std::fabs(averages.floats()[i] - expected[layer][i].average));
    }
  }
  return worst;
}

TrainingTask nuclei_task(const fs::path& data, const char* run) {
  TrainOptions options;
  options.images = (data / "images").string();
  options.masks = (data / "masks").string();
  options.out = (data / run).string();
  options.base = 4;
  options.depth = 1;
  options.crop = 32;
  options.batch = 2;
  options.steps = 6;
  options.val_fraction = 0.4;
  options.ema = 0.5;
  options.save_every = 1;
  return segmentation_task(options);
}

}  // namespace

TEST_CASE("update: every optimizer, decay, l1, clipping and average follow PyTorch's formulas") {
  for (const char* optimizer : {"adam", "adamw", "sgd", "adagrad", "rmsprop"}) {
    INFO(optimizer);
    TrainOptions options;
    options.optimizer = optimizer;
    CHECK(error_of(options) < 2e-6);
    options.dtype = "f16";
    CHECK(error_of(options) < 2e-6);
    options.dtype = "f32";
    options.weight_decay = 0.1;
    CHECK(error_of(options) < 2e-6);
    options.l1 = 0.05;
    options.clip = 3;
    options.clip_value = 1.5;
    options.ema = 0.7;
    options.nesterov = options.optimizer == "sgd";
    for (const char* left_out : {"", "norm", "bias", "norm,bias"}) {
      INFO("--no-decay ", left_out);
      options.no_decay = left_out;
      CHECK(error_of(options) < 2e-6);
    }
    options.dtype = "f16";
    CHECK(error_of(options) < 2e-6);
    options.clip_value = 0;
    CHECK(error_of(options) < 2e-6);
  }
}

TEST_CASE("update: clipping by value alone") {
  TrainOptions options;
  options.optimizer = "sgd";
  options.clip_value = 0.3;
  CHECK(error_of(options) < 2e-6);
}

TEST_CASE("update: with --ema the best model and predictions have the average; resumed equals uninterrupted") {
  const fs::path data = nuclei_folder("update_ema", 8, 48);
  const auto whole = train(test_device(), nuclei_task(data, "whole"));
  CHECK(whole.step == 6);

  TrainingTask parts = nuclei_task(data, "parts");
  std::int64_t done = 0;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport& report) { done = report.step; };
  hooks.stop = [&] { return done == 3; };
  CHECK(train(test_device(), parts, hooks).stopped);
  parts.resume = load_model_file(parts.run / kLastModel);
  CHECK(train(test_device(), parts).step == 6);
  for (const char* file : {kLastModel, kBestModel})
    CHECK(file_text(data / "whole" / file) == file_text(data / "parts" / file));

  const Model last = load_model_file(data / "whole" / kLastModel), best = load_model_file(data / "whole" / kBestModel);
  ParameterStore store(test_device(), *parts.objective->graph());
  restore_averaged(last, store);
  for (const Variable& variable : store.variables()) {
    const HostTensor used = store.read(variable.name);
    const std::string average = std::string("optimizer.") + kAverageArena + "." + variable.name;
    const bool parameter = variable.arena == "parameters";
    CHECK(used.data == last.file.at(parameter ? average : variable.name).tensor().data);
    CHECK(used.data == best.file.at(variable.name).tensor().data);  // one epoch: its end is the best there is
    if (parameter && variable.name.ends_with("conv1.weight"))
      CHECK(used.data != last.file.at(variable.name).tensor().data);
  }
}

}  // namespace tuff::test
