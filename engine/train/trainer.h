// A training run: batches in, weights out, and everything in the run's folder kept so that it can be
// stopped at any moment and go on bit for bit.
//
// The folder holds config.json (options), metrics.csv (one row an epoch), losses.csv (one a step), norms.csv (layers,
// layer_norms.h), curve.png, report.html (report_page.h), TensorBoard's event files, best.safetensors (highest score on
// the validation images so far), last.safetensors (with the optimizer, for resuming), and where images are held out for
// a test, once the run is over, test.json (held_out.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "train/checkpoint.h"
#include "train/objective.h"
#include "train/options.h"
#include "vulkan/device.h"

namespace tuff {

struct TrainingTask {
  TrainOptions options;  // validated
  std::shared_ptr<const Objective> objective;
  std::filesystem::path run;           // made where it isn't there
  std::optional<Model> resume;         // the run's last checkpoint
  std::optional<Model> init;           // what a new run's weights begin with, see restore_matching()
  std::filesystem::path cache_folder;  // of TunerOptions, for --autotune; empty: none on disk
  bool score_held_out = true;          // at the end, by the best model
};

struct StepReport {
  std::int64_t step = 0;   // done, from 1
  std::int64_t steps = 0;  // of the whole run
  std::int64_t epoch = 0;  // from 1
  double loss = 0;
  double learning_rate = 0;
  bool left_out = false;  // --dtype f16: the loss or a gradient overflowed
};

struct EpochReport {
  std::int64_t epoch = 0;  // from 1
  std::int64_t step = 0;
  double loss = 0;             // mean over the epoch's steps, of those where it is finite
  std::vector<double> parts;   // the same of each of Objective::parts()
  std::vector<double> scores;  // of Objective::metrics(); none without validation images
  bool best = false;
  double learning_rate = 0;
  double seconds = 0;  // of the whole run
  // --dtype f16
  std::optional<double> loss_scale;  // after the last step
  std::int64_t left_out = 0;         // steps of the whole run
};

// All may be empty.
struct TrainingHooks {
  std::function<void(const StepReport&)> step;
  std::function<void(const EpochReport&)> epoch;
  std::function<void(std::size_t operation, std::size_t operations, const std::string& text)> tuning;  // TunerOptions
  std::function<bool()> stop;  // asked after each step and epoch: true saves and ends the run
  LogSink log;
};

struct TrainingSummary {
  std::int64_t step = 0;
  std::int64_t steps = 0;
  bool stopped = false;              // by hooks.stop, before the end
  bool out_of_patience = false;      // --patience ended it
  std::optional<double> best_score;  // none without validation images
  std::int64_t best_step = 0;
  std::vector<double> held_out;  // scores of the images that are held out; none where there are none
};

// What lies between a network's layers where --dtype is this: f32 too, with a warning to the log, on devices without
// 16-bit storage.
DType storage_on(const Device& device, std::string_view dtype, const LogSink& log);

// Runs to the end or until stopped. Error: a loss or gradients that are no finite numbers, or a loss scale that falls
// and falls (names the step, the op and layer that it began with, and what to try; the weights from before that step
// are saved), a full disk, a lost device; files written before stay whole.
TrainingSummary train(Device& device, const TrainingTask& task, const TrainingHooks& hooks = {});

// Checks that need no device, before anything is written, the objective's among them. Error names the option or file.
void check_training(const TrainingTask& task);

}  // namespace tuff
