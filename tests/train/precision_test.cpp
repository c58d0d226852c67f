// Training with --dtype f16: what an overflow leaves alone, that losses come near those of f32, equal bits. On devices
// without 16-bit storage the same in f32, with loss scaling.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/philox.h"
#include "io/dataset.h"
#include "ops/loss_scale.h"
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

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TrainOptions small_unet() {
  TrainOptions options;
  options.base = 4;
  options.depth = 1;
  options.crop = 32;
  options.batch = 2;
  options.dtype = "f16";
  options.ema = 0.5;
  validate(options);
  return options;
}

// A U-Net whose batches are random images, brighter than 0.5 as their labels.
class Steps {
 public:
  explicit Steps(const TrainOptions& options)
      : options_(options),
        graph_(training_graph(make_network(options, 1), options)),
        store_(test_device(), *graph_),
        executable_(
            compile(*graph_, test_device(), &store_, {.storage = storage_on(test_device(), options.dtype, {})})) {
    store_.initialize(0);
  }

  // All pixels times `brightness`.
  double run(float brightness) {
    const Shape shape{options_.batch, 1, options_.crop, options_.crop};
    HostTensor images(shape), labels(shape);
    PhiloxStream draws(1, static_cast<std::uint32_t>(step_));
    for (std::size_t i = 0; i < images.floats().size(); ++i) {
      const auto pixel = static_cast<float>(draws.uniform(0, 1));
      images.floats()[i] = pixel * brightness;
      labels.floats()[i] = pixel > 0.5f ? 1 : 0;
    }
    executable_->write("images", images);
    executable_->write("labels", labels);
    executable_->write("step_state", step_state_tensor(options_, options_.lr, step_++));
    executable_->run();
    return static_cast<double>(executable_->read("loss").floats()[0]);
  }

  ParameterStore& store() { return store_; }
  float scale() const { return store_.read(kLossScaleBuffer).floats()[0]; }
  float count(std::size_t which) const { return store_.read(kLossScaleCountsBuffer).floats()[which]; }

  // Every arena and buffer but the gradients and the state of loss scaling, by name.
  std::map<std::string, std::vector<float>> kept() const {
    std::map<std::string, std::vector<float>> all;
    for (const std::string& arena : store_.arenas())
      if (arena != "gradients" && arena != "buffers") all[arena] = store_.read_arena(arena);
    for (const Variable& variable : store_.variables())
      if (variable.arena == "buffers" && !variable.name.starts_with(kLossScaleBuffer)) {
        const HostTensor values = store_.read(variable.name);
        all[variable.name].assign(values.floats().begin(), values.floats().end());
      }
    return all;
  }

 private:
  TrainOptions options_;
  std::unique_ptr<Graph> graph_;
  ParameterStore store_;
  std::unique_ptr<Executable> executable_;
  std::int64_t step_ = 0;
};

TrainingTask nuclei_task(const fs::path& data, const std::string& run, const std::string& dtype, std::int64_t steps,
                         bool autotune = false) {
  TrainOptions options;
  options.images = (data / "images").string();
  options.masks = (data / "masks").string();
  options.out = (data / run).string();
  options.base = autotune ? 4 : 8;  // fewer operations to tune
  options.depth = autotune ? 1 : 2;
  options.crop = autotune ? 32 : 48;
  options.batch = 4;
  options.steps = steps;
  options.save_every = 1;
  options.dtype = dtype;
  options.autotune = autotune;
  return segmentation_task(options);
}

}  // namespace

TEST_CASE("precision: a step that overflows leaves weights, moments, average and running statistics to the bit") {
  Steps steps(small_unet());
  for (int step = 0; step < 2; ++step) CHECK(std::isfinite(steps.run(1)));
  CHECK(steps.scale() == kFirstLossScale);
  const auto before = steps.kept();
  // Nothing that f16 holds is beyond 65504; f32 knows brighter pixels.
  const bool half = storage_on(test_device(), "f16", {}) == DType::f16;
  CHECK_FALSE(std::isfinite(steps.run(half ? 1e7f : kInfinity)));
  CHECK(steps.kept() == before);
  CHECK(steps.scale() == kFirstLossScale / 2);
  CHECK(steps.count(0) == 0);
  CHECK(steps.count(1) == 2);
  CHECK(steps.count(2) == 1);
  CHECK(std::isfinite(steps.run(1)));
  CHECK(steps.kept() != before);
  CHECK(steps.scale() == kFirstLossScale / 2);
  CHECK(steps.count(0) == 1);
  CHECK(steps.count(1) == 3);
}

TEST_CASE("precision: gradients alone that overflow leave the step out, and running statistics take it in") {
  Steps steps(small_unet());
  CHECK(std::isfinite(steps.run(1)));
  const auto before = steps.kept();
  const float huge = 0x1p120f;
  steps.store().write(kLossScaleBuffer, HostTensor::from_floats({1}, {&huge, 1}));
  CHECK(std::isfinite(steps.run(1)));
  const auto after = steps.kept();
  CHECK(steps.scale() == 0x1p119f);
  CHECK(steps.count(2) == 1);
  for (const auto& [name, values] : before) {
    CAPTURE(name);
    CHECK((after.at(name) == values) == (name.find("running") == std::string::npos));
    for (const float value : after.at(name)) CHECK(std::isfinite(value));
  }
}

TEST_CASE("precision: losses of f16 come as near to f32's as rounding leaves them") {
  const fs::path data = nuclei_folder("precision_losses", 8, 64);
  const auto losses = [&](const std::string& dtype) {
    std::vector<double> all;
    TrainingHooks hooks;
    hooks.step = [&](const StepReport& report) {
      CHECK_FALSE(report.left_out);
      all.push_back(report.loss);
    };
    train(test_device(), nuclei_task(data, dtype, dtype, 30), hooks);
    return all;
  };
  const std::vector<double> single = losses("f32"), half = losses("f16");
  REQUIRE(single.size() == half.size());
  CHECK(half[0] == doctest::Approx(single[0]).epsilon(2e-3));
  const auto late = [](const std::vector<double>& all) { return std::accumulate(all.end() - 10, all.end(), 0.0) / 10; };
  CAPTURE(late(single));
  CHECK(late(single) < 0.75 * single[0]);
  CHECK(late(half) == doctest::Approx(late(single)).epsilon(0.02));
}

namespace {

void check_resume(bool autotune) {
  const fs::path data = nuclei_folder(autotune ? "precision_resume_tuned" : "precision_resume", 8, 64);
  const auto task = [&](const char* run) {
    TrainingTask made = nuclei_task(data, run, "f16", 6, autotune);
    made.cache_folder = data / "cache";
    return made;
  };
  train(test_device(), task("whole"));
  train(test_device(), task("again"));
  TrainingTask parts = task("parts");
  std::int64_t done = 0;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport& report) { done = report.step; };
  hooks.stop = [&] { return done == 3; };
  CHECK(train(test_device(), parts, hooks).stopped);
  parts.resume = load_model_file(parts.run / kLastModel);
  EpochReport end;
  TrainingHooks last_hooks;
  last_hooks.epoch = [&](const EpochReport& report) { end = report; };
  CHECK(train(test_device(), parts, last_hooks).step == 6);
  CHECK(end.loss_scale == static_cast<double>(kFirstLossScale));
  CHECK(end.left_out == 0);
  for (const char* file : {kLastModel, kBestModel, kLossesFile}) {
    CAPTURE(file);
    CHECK(file_text(data / "whole" / file) == file_text(data / "again" / file));
    CHECK(file_text(data / "whole" / file) == file_text(data / "parts" / file));
  }
  const Model last = load_model_file(parts.run / kLastModel), best = load_model_file(parts.run / kBestModel);
  CHECK(last.options.dtype == "f16");
  CHECK(last.file.at(kLossScaleCountsBuffer).tensor().floats()[1] == 6);
  CHECK(best.file.find(kLossScaleBuffer) == nullptr);
  // The best model serves to measure training too: the loss scale starts anew.
  ParameterStore store(test_device(), *parts.objective->graph());
  restore_averaged(best, store);
  CHECK(store.read(kLossScaleBuffer).floats()[0] == kFirstLossScale);
}

}  // namespace

TEST_CASE("precision: twice, and stopped and resumed, give equal bits; only checkpoints hold the loss scale") {
  check_resume(false);
}

TEST_CASE("precision: the same with tuned kernels") {
  check_resume(true);
}

}  // namespace tuff::test
