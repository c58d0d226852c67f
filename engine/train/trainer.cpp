#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/os.h"
#include "io/loader.h"
#include "ops/adam.h"
#include "runtime/compile.h"
#include "train/metrics_file.h"
#include "train/predict.h"
#include "train/schedule.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kDefaultEpochs = 10;

std::uint64_t seed_of(const TrainOptions& options) { return static_cast<std::uint64_t>(options.seed); }

LoaderOptions loader_options(const TrainingTask& task) {
  const TrainOptions& options = task.options;
  const std::int64_t label = task.network.output_size(options.crop);
  LoaderOptions result;
  result.batch = options.batch;
  result.crop = {options.crop, options.crop, label, label};
  result.augmentation = parse_augmentation(options.augment);
  result.seed = seed_of(options);
  result.label_dtype = options.classes > 1 ? DType::i32 : DType::f32;
  result.threads = static_cast<int>(options.threads);
  return result;
}

// Where tiles change the result, they must not depend on the memory that happens to be free.
PredictorOptions validation_options(const TrainingTask& task) {
  if (task.network.whole_image.empty()) return {};
  const std::int64_t side = std::max<std::int64_t>(1024, task.options.crop);
  return {.tile = task.network.output_size(side) > 0 ? side : task.network.nearest_sizes(side).second, .force_tiles = true};
}

class Run {
 public:
  Run(Device& device, const TrainingTask& task, const TrainingHooks& hooks);
  TrainingSummary execute();

 private:
  void restore();
  void dump_start();
  void dump_batch(const Batch& batch);
  void feed();
  void check_loss(double loss) const;
  ParameterSnapshot checked_snapshot() const;
  void finish_epoch();
  Scores validate();
  void save(const ParameterSnapshot& snapshot);
  std::filesystem::path file(const char* name) const { return task_.run / name; }
  std::int64_t epoch() const { return (state_.step - 1) / steps_per_epoch_ + 1; }  // of the step just done, from 1

  Device& device_;
  const TrainingTask& task_;
  const TrainOptions& options_;
  const TrainingHooks& hooks_;
  Split split_;
  std::unique_ptr<Graph> graph_;
  ParameterStore store_;
  std::unique_ptr<Executable> executable_;
  Predictor predictor_;
  Schedule schedule_;
  TrainingState state_;
  std::vector<MetricsRow> metrics_;
  std::vector<StepLoss> losses_;
  std::optional<Loader> loader_;
  std::int64_t steps_per_epoch_ = 1;
  std::int64_t steps_ = 1;
  std::int64_t fed_ = 0;  // batches written to the device so far
  double started_;  // on the monotonic clock, less the time of the run before a resume
};

Run::Run(Device& device, const TrainingTask& task, const TrainingHooks& hooks)
    : device_(device),
      task_(task),
      options_(task.options),
      hooks_(hooks),
      split_(split_dataset(task.dataset, task.options.val_fraction, seed_of(task.options))),
      graph_(training_graph(task.network, task.options)),
      store_(device, *graph_),
      executable_(compile(*graph_, device, &store_)),
      predictor_(device, store_, task.network, validation_options(task)),
      started_(os::monotonic_seconds()) {
  if (task.resume && task.resume->state) state_ = *task.resume->state;
  state_.dataset = fingerprint(task.dataset);
  steps_per_epoch_ = count_steps_per_epoch(task.dataset, split_.train, loader_options(task));
  loader_.emplace(task.dataset, split_.train, loader_options(task), state_.step / steps_per_epoch_,
                  state_.step % steps_per_epoch_);
  const std::int64_t epochs = options_.epochs > 0 ? options_.epochs : kDefaultEpochs;
  steps_ = options_.steps > 0 ? options_.steps : epochs * steps_per_epoch_;
  schedule_ = {Schedule::kind_named(options_.schedule), options_.lr, static_cast<std::int64_t>(options_.warmup), steps_};
  restore();
}

void Run::restore() {
  if (task_.resume) {
    restore_parameters(*task_.resume, store_);
    restore_optimizer(*task_.resume, store_);
    metrics_ = read_metrics(file(kMetricsFile), state_.step);
    losses_ = read_losses(file(kLossesFile), state_.step);
    if (!metrics_.empty()) started_ -= metrics_.back().seconds;
  } else {
    store_.initialize(seed_of(options_));
  }
  fed_ = state_.step;
  std::filesystem::create_directories(task_.run);
  os::write_file(file(kConfigFile), to_json(options_));
  if (!options_.dump.empty()) dump_start();
}

// What another program needs to train the same network: the weights, every batch, the validation images.
void Run::dump_start() {
  const std::filesystem::path folder = options_.dump;
  std::filesystem::create_directories(folder);
  save_model(folder / "initial.safetensors", options_, task_.dataset.format, take_snapshot(store_));
  SafeTensors validation;
  for (const std::size_t item : split_.validation) {
    const Sample sample = load_sample(task_.dataset, item);
    const std::string& name = task_.dataset.items[item].name;
    const Shape size{sample.image.height, sample.image.width};
    validation.tensors.push_back(StoredTensor::from_tensor(
        name + ".image",
        HostTensor::from_floats({sample.image.channels, size[0], size[1]}, sample.image.values)));
    validation.tensors.push_back(StoredTensor::from_tensor(name + ".labels", HostTensor::from_ints(size, sample.labels)));
  }
  write_safetensors(folder / "validation.safetensors", validation);
}

void Run::dump_batch(const Batch& batch) {
  SafeTensors dumped;
  dumped.metadata["learning_rate"] = fmt::format("{}", schedule_.at(fed_));
  dumped.tensors.push_back(StoredTensor::from_tensor("images", batch.images));
  dumped.tensors.push_back(StoredTensor::from_tensor("labels", batch.labels));
  write_safetensors(std::filesystem::path(options_.dump) / fmt::format("batch_{:06}.safetensors", fed_), dumped);
}

// Hands the next batch to the device's staging memory.
void Run::feed() {
  const Batch batch = loader_->next();
  if (!options_.dump.empty()) dump_batch(batch);
  executable_->write("images", batch.images);
  executable_->write("labels", batch.labels);
  executable_->write("step_state", step_state_tensor(options_, schedule_.at(fed_), fed_));
  ++fed_;
}

void Run::check_loss(double loss) const {
  if (std::isfinite(loss)) return;
  throw Error(fmt::format("step {}: the loss is no finite number; begin a new run with a lower --lr (now {}) or with "
                          "--clip 1, or look for values in the images that are no numbers",
                          state_.step, options_.lr));
}

// What is to be saved. Weights that are no numbers must not replace a good checkpoint.
ParameterSnapshot Run::checked_snapshot() const {
  ParameterSnapshot snapshot = take_snapshot(store_);
  const auto finite = [](float value) { return std::isfinite(value); };
  for (const Variable& variable : store_.variables()) {
    const auto values = snapshot.arena(variable.arena).subspan(variable.offset, static_cast<std::size_t>(variable.type.shape.elements()));
    if (!std::all_of(values.begin(), values.end(), finite))
      throw Error(fmt::format("step {}: the weights \"{}\" are no longer finite; begin a new run with a lower --lr (now {}) or "
                              "--clip 1",
                              state_.step, variable.name, options_.lr));
  }
  return snapshot;
}

TrainingSummary Run::execute() {
  TrainingSummary summary;
  summary.steps = steps_;
  if (state_.step < steps_) feed();
  while (state_.step < steps_) {
    executable_->run();
    if (fed_ < steps_) feed();  // while the device computes
    const double loss = executable_->read("loss").floats()[0];
    ++state_.step;
    check_loss(loss);
    state_.loss_sum += loss;
    ++state_.loss_count;
    losses_.push_back({state_.step, loss});
    if (hooks_.step) hooks_.step({state_.step, steps_, epoch(), loss, schedule_.at(state_.step - 1)});
    const bool epoch_done = state_.step % steps_per_epoch_ == 0 || state_.step == steps_;
    const bool stop = hooks_.stop && hooks_.stop();
    if (epoch_done) finish_epoch();
    else if (stop || (options_.save_every > 0 && state_.step % options_.save_every == 0)) save(checked_snapshot());
    if (stop && state_.step < steps_) {
      summary.stopped = true;
      break;
    }
  }
  summary.step = state_.step;
  summary.best_dice = state_.best_dice;
  summary.best_step = state_.best_step;
  return summary;
}

void Run::save(const ParameterSnapshot& snapshot) {
  write_losses(file(kLossesFile), losses_);
  save_checkpoint(file(kLastModel), options_, task_.dataset.format, snapshot, state_);
}

Scores Run::validate() {
  std::vector<Scores> scores;
  for (const std::size_t item : split_.validation) {
    const std::shared_ptr<const Sample> sample = loader_->sample(item);
    const Image logits = predictor_.predict(sample->image);
    scores.push_back(score(classify(logits.values, logits.channels), sample->labels, options_.classes));
  }
  return mean(scores);
}

// The order of writing matters to a run that is killed in between: the checkpoint comes last, so that a
// resumed run goes through this epoch's end again and writes the same files.
void Run::finish_epoch() {
  EpochReport report{.epoch = epoch(), .step = state_.step, .learning_rate = schedule_.at(state_.step - 1)};
  report.loss = state_.loss_count > 0 ? state_.loss_sum / static_cast<double>(state_.loss_count) : 0;
  state_.loss_sum = 0;
  state_.loss_count = 0;
  report.validated = !split_.validation.empty();
  if (report.validated) report.scores = validate();
  report.best = !report.validated || report.scores.dice > state_.best_dice;
  report.seconds = os::monotonic_seconds() - started_;
  const ParameterSnapshot snapshot = checked_snapshot();
  if (report.best) {
    state_.best_dice = report.validated ? report.scores.dice : -1;
    state_.best_step = state_.step;
    save_model(file(kBestModel), options_, task_.dataset.format, snapshot);
  }
  metrics_.push_back({report.epoch, report.step, report.loss, report.validated, report.scores, report.learning_rate,
                      report.seconds});
  write_metrics(file(kMetricsFile), metrics_);
  draw_metrics(file("curve.png"), metrics_, losses_);
  save(snapshot);
  if (hooks_.epoch) hooks_.epoch(report);
}

// Files that are cut short and class ids out of range would otherwise show in the middle of training. Data too
// large to be read twice are left to the loader.
void check_files(const Dataset& dataset) {
  constexpr std::int64_t kMostPixels = 200'000'000;  // some seconds
  std::int64_t pixels = 0;
  for (const DataItem& item : dataset.items) pixels += item.height * item.width;
  if (pixels > kMostPixels) return;
  for (std::size_t item = 0; item < dataset.items.size(); ++item)
    if (item == 0 || dataset.items[item].images != dataset.items[item - 1].images) load_sample(dataset, item);
}

}  // namespace

void check_training(const TrainingTask& task) {
  check_crop(task.network, task.options);
  for (const DataItem& item : task.dataset.items)
    if (item.height < task.options.crop || item.width < task.options.crop)
      throw Error(fmt::format("--crop {}: the image \"{}\" is only {}x{}; use a smaller --crop, or leave the image out",
                              task.options.crop, item.name, item.width, item.height));
  parse_augmentation(task.options.augment);
  Schedule::kind_named(task.options.schedule);
  check_files(task.dataset);
}

TrainingSummary train(Device& device, const TrainingTask& task, const TrainingHooks& hooks) {
  return Run(device, task, hooks).execute();
}

}  // namespace tuff
