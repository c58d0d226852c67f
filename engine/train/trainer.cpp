#include "train/trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <ranges>

#include "base/error.h"
#include "base/os.h"
#include "ops/adam.h"
#include "ops/loss_scale.h"
#include "runtime/compile.h"
#include "runtime/tuner.h"
#include "train/find_non_finite.h"
#include "train/graph_part.h"
#include "train/held_out.h"
#include "train/layer_watch.h"
#include "train/metrics_file.h"
#include "train/run_report.h"
#include "train/schedule.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kDefaultEpochs = 10;
constexpr double kLeastLossScale = 1.0 / (1 << 14);  // 30 steps left out in a row

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

// How a run shares out the device memory that --memory allows: a step and its store, and validation beside them.
class MemoryShares {
 public:
  MemoryShares(const Device& device, const TrainingTask& task, const Graph& graph)
      : allowed_(memory_bytes(task.options)), task_(task) {
    if (allowed_ == 0) return;
    validation_ = task.objective->validation_bytes(device.caps());
    if (task.options.ema > 0)  // validation has weights of its own
      average_ = (graph.arena_elements("parameters") + graph.arena_elements("buffers")) * sizeof(float);
  }

  CompileOptions step() const {
    CompileOptions options;
    if (allowed_ > 0) options.memory = allowed_ > beside() ? allowed_ - beside() : 1;
    return options;
  }

  // Error where the least that a step takes is still too much.
  void check(const PlannedGraph& step) const {
    if (allowed_ == 0 || step.bytes() + beside() <= allowed_) return;
    const bool crops = applies(*find_field("crop"), task_.options.model);
    throw OutOfMemory(fmt::format(
        "--memory {}: training takes {:.1f} MiB of device memory at least, {:.1f} MiB of them for validation; "
        "allow so much, or use a smaller --batch{}",
        task_.options.memory, mebibytes(step.bytes() + beside()), mebibytes(beside()), crops ? " or --crop" : ""));
  }

  // What is left for validation; 0: any.
  std::uint64_t validation(const PlannedGraph& step) const {
    return allowed_ == 0 ? 0 : std::max<std::uint64_t>(1, allowed_ - average_ - step.bytes());
  }

  // For measuring layers: half of what validation needn't have, where that is enough; else next to nothing. 0: any.
  std::uint64_t layers(const PlannedGraph& step, std::optional<std::uint64_t> least) const {
    if (allowed_ == 0) return 0;
    const std::uint64_t share = (allowed_ - beside() - step.bytes()) / 2;
    return least && share >= *least ? share : 1;
  }

 private:
  std::uint64_t beside() const { return validation_ + average_; }

  std::uint64_t allowed_ = 0;     // 0: any
  std::uint64_t validation_ = 0;  // the least that it needs beside its weights
  std::uint64_t average_ = 0;     // its weights, where they aren't the step's
  const TrainingTask& task_;
};

// What a resumed run goes on with: the kernels that it ran by, if on this device.
KernelChoices recorded_kernels(const Device& device, const TrainingTask& task, const LogSink& log) {
  if (!task.resume || !task.resume->state || task.resume->state->kernels.empty()) return {};
  const TrainingState& state = *task.resume->state;
  if (state.device == device.caps().name) return state.kernels;
  if (log)
    log(LogLevel::info, fmt::format("the run was on \"{}\" before; kernels are chosen anew for \"{}\"", state.device,
                                    device.caps().name));
  return {};
}

TunerOptions tuner_options(const Device& device, const TrainingTask& task, const TrainingHooks& hooks) {
  return {.measure = task.options.autotune,
          .cache_folder = task.cache_folder,
          .recorded = recorded_kernels(device, task, hooks.log),
          .log = hooks.log,
          .progress = hooks.tuning,
          .stop = hooks.stop};
}

Schedule schedule_of(const TrainOptions& options, std::int64_t steps) {
  return {.kind = Schedule::kind_named(options.schedule),
          .learning_rate = options.lr,
          .warmup = static_cast<std::int64_t>(options.warmup),
          .steps = steps,
          .factor = options.lr_factor};
}

class Run {
 public:
  Run(Device& device, const TrainingTask& task, const TrainingHooks& hooks);
  TrainingSummary execute();

 private:
  std::unique_ptr<Executable> compile_step();
  void restore();
  void take_weights();
  void dump_start();
  void dump_batch(const std::vector<NamedTensor>& batch);
  void feed();
  void finish_step();
  [[noreturn]] void fail(const StepLoss& row);
  ParameterSnapshot checked_snapshot() const;
  void finish_epoch();
  void measure_layers();
  std::vector<double> score_held_out();
  void update_average();
  void save(const ParameterSnapshot& snapshot);
  std::filesystem::path file(const char* name) const { return task_.run / name; }
  void rescore_best();
  std::vector<double> parts_of_epoch() const;
  bool scaled() const { return options_.dtype == "f16"; }
  // Whether validation decides on the next step's learning rate.
  bool rate_waits() const { return schedule_.kind == Schedule::Kind::plateau && fed_ % steps_per_epoch_ == 0; }
  bool out_of_patience() const {
    return patience_spent(state_.step, state_.best_step, steps_per_epoch_, options_.patience);
  }
  std::int64_t epoch() const { return (state_.step - 1) / steps_per_epoch_ + 1; }  // of the step just done, from 1

  Device& device_;
  const TrainingTask& task_;
  const TrainOptions& options_;
  const TrainingHooks& hooks_;
  std::unique_ptr<Graph> graph_;
  ParameterStore store_;
  Tuner tuner_;
  std::uint64_t validation_memory_ = 0, layers_memory_ = 0;  // 0: any
  std::optional<ParameterStore> averaged_;                   // with --ema: what is validated and kept as the best model
  std::unique_ptr<Executable> executable_;
  std::vector<const char*> gradient_norms_;  // names of outputs, one an update
  Schedule schedule_;
  LossColumns columns_;
  TrainingState state_;
  std::vector<MetricsRow> metrics_;
  std::vector<StepLoss> losses_;
  std::unique_ptr<Objective::Session> session_;
  std::optional<LayerWatch> layers_;
  std::optional<RunReport> report_;
  std::int64_t steps_per_epoch_ = 1;
  std::int64_t steps_ = 1;
  std::int64_t fed_ = 0;                             // batches written to the device so far
  std::array<std::vector<NamedTensor>, 2> batches_;  // those of step 0, 2, 4 ... and of step 1, 3, 5 ..., the latest
  std::int64_t left_out_ = 0;                        // steps, by loss scaling
  double started_;                                   // on the monotonic clock, less the time of the run before a resume
};

Run::Run(Device& device, const TrainingTask& task, const TrainingHooks& hooks)
    : device_(device),
      task_(task),
      options_(task.options),
      hooks_(hooks),
      graph_(task.objective->graph()),
      store_(device, *graph_),
      tuner_(device, tuner_options(device, task, hooks)),
      executable_(compile_step()),
      columns_{scaled(), task.objective->parts()},
      started_(os::monotonic_seconds()) {
  for (const char* name : {kGradientNorm, kSecondGradientNorm})
    if (output_named(*graph_, name)) gradient_norms_.push_back(name);
  if (task.resume && task.resume->state) state_ = *task.resume->state;
  state_.dataset = task.objective->fingerprint();
  steps_per_epoch_ = task.objective->steps_per_epoch();
  if (options_.ema > 0) averaged_.emplace(device, *graph_);
  session_ = task.objective->start(
      {.device = device, .store = averaged_ ? *averaged_ : store_, .tuner = &tuner_, .memory = validation_memory_},
      state_.step / steps_per_epoch_, state_.step % steps_per_epoch_);
  const std::int64_t epochs = options_.epochs > 0 ? options_.epochs : kDefaultEpochs;
  steps_ = options_.steps > 0 ? options_.steps : epochs * steps_per_epoch_;
  schedule_ = schedule_of(options_, steps_);
  schedule_.reductions = state_.plateau.reductions;
  restore();
}

std::unique_ptr<Executable> Run::compile_step() {
  const MemoryShares shares(device_, task_, *graph_);
  CompileOptions options = shares.step();
  options.storage = storage_on(device_, options_.dtype, hooks_.log);
  options.tuner = &tuner_;
  PlannedGraph step = planned(*graph_, device_.caps(), options);
  shares.check(step);
  validation_memory_ = shares.validation(step);
  if (validation_memory_ > 0 && options_.layer_norms > 0) {
    layers_memory_ = shares.layers(step, layer_watch_bytes(*graph_, device_.caps()));
    validation_memory_ -= layers_memory_;
  }
  if (step.repetitions > 0 && hooks_.log)
    hooks_.log(LogLevel::info, fmt::format("--memory {}: {} operations of a step are computed twice", options_.memory,
                                           step.repetitions));
  return compile(std::move(step), device_, &store_, options);
}

void Run::restore() {
  if (task_.resume) {
    restore_parameters(*task_.resume, store_);
    restore_optimizer(*task_.resume, store_);
    metrics_ = read_metrics(file(kMetricsFile), task_.objective->metrics(), state_.step);
    losses_ = read_losses(file(kLossesFile), columns_, state_.step);
    if (scaled()) left_out_ = static_cast<std::int64_t>(store_.read(kLossScaleCountsBuffer).floats()[2]);
    if (!metrics_.empty()) started_ -= metrics_.back().seconds;
  } else {
    store_.initialize(seed_of(options_));
    if (task_.init) take_weights();
  }
  fed_ = state_.step;
  std::filesystem::create_directories(task_.run);
  os::write_file(file(kConfigFile), to_json(options_));
  layers_.emplace(*graph_, device_, store_, file(kNormsFile), state_.step,
                  LayerWatch::Options{options_.layer_norms, layers_memory_, hooks_.log});
  report_.emplace(device_, task_.run, options_, task_.objective->metrics(), columns_.parts, state_.step, steps_);
  if (!options_.dump.empty()) dump_start();
}

void Run::take_weights() {
  const std::vector<std::string> others = restore_matching(*task_.init, store_);
  const auto trained = [](const std::string& name) { return !name.starts_with(kDiscriminatorPrefix); };
  if (hooks_.log && std::ranges::any_of(others, trained))
    hooks_.log(LogLevel::info, fmt::format("--init {}: these begin anew: {}", task_.init->path.string(),
                                           fmt::join(others | std::views::filter(trained), ", ")));
}

// What another program needs to train the same network: the weights, every batch, the validation images.
void Run::dump_start() {
  const std::filesystem::path folder = options_.dump;
  std::filesystem::create_directories(folder);
  save_model(folder / "initial.safetensors", options_, task_.objective->format(), take_snapshot(store_));
  write_safetensors(folder / "validation.safetensors", session_->validation_images());
}

void Run::dump_batch(const std::vector<NamedTensor>& batch) {
  SafeTensors dumped;
  dumped.metadata["learning_rate"] = fmt::format("{}", schedule_.at(fed_));
  for (const NamedTensor& tensor : batch)
    dumped.tensors.push_back(StoredTensor::from_tensor(tensor.name, tensor.values));
  write_safetensors(std::filesystem::path(options_.dump) / fmt::format("batch_{:06}.safetensors", fed_), dumped);
}

// Hands the next batch to the device's staging memory.
void Run::feed() {
  std::vector<NamedTensor>& batch = batches_[static_cast<std::size_t>(fed_ % 2)];
  {
    const Stopwatch watch(report_->timing.loading);
    batch = session_->next();
  }
  if (!options_.dump.empty()) dump_batch(batch);
  batch.push_back({"step_state", step_state_tensor(options_, schedule_.at(fed_), fed_)});
  for (const NamedTensor& tensor : batch) executable_->write(tensor.name, tensor.values);
  ++fed_;
}

// Says where the first value that is no finite number came from, and saves: the weights are as before the step.
void Run::fail(const StepLoss& row) {
  const std::string what =
      scaled() ? "the loss or the gradients overflow in every step, whatever they are scaled by"
               : fmt::format("the {} no finite number", std::isfinite(row.loss) ? "gradients' norm is" : "loss is");
  CompileOptions options = MemoryShares(device_, task_, *graph_).step();
  options.storage = storage_on(device_, options_.dtype, {});
  executable_->wait();
  executable_.reset();  // its memory is needed
  std::optional<NonFinite> found;
  try {
    found = find_non_finite(*graph_, device_, store_, batches_[static_cast<std::size_t>(state_.step % 2)], options);
  } catch (const DeviceLost&) {
    throw;
  } catch (const Error& error) {
    if (hooks_.log) hooks_.log(LogLevel::warning, fmt::format("where it began can't be told: {}", error.what()));
  }
  // Of networks that learn in turn one may have done so already: then what was saved last stays.
  const bool in_turn =
      std::ranges::any_of(graph_->nodes(), [](const Node& node) { return node.op->residence() != nullptr; });
  const bool saved = state_.step > 0 && !in_turn && !(found && found->where == NonFinite::Where::weights);
  if (saved) save(checked_snapshot());
  throw Error(
      fmt::format("step {}: {}{}; begin a new run with {}a lower --lr (now {}) or with --clip 1, or look for "
                  "values in the images that are no numbers{}",
                  row.step, what, found ? ": " + describe(*found) : "", scaled() ? "--dtype f32, " : "", options_.lr,
                  saved ? fmt::format("; {} has step {}", file(kLastModel).string(), state_.step) : ""));
}

// By the best model, whose weights replace the last ones on the device. Nobody has seen these images before.
std::vector<double> Run::score_held_out() {
  const std::vector<std::string> images = task_.objective->held_out();
  if (images.empty()) return {};
  restore_averaged(load_model_file(file(kBestModel)), averaged_ ? *averaged_ : store_);
  std::vector<double> scores = session_->score_held_out();
  write_held_out(file(kHeldOutFile), {state_.best_step, task_.objective->metrics(), scores, images});
  return scores;
}

// What is to be saved. Weights that are no numbers must not replace a good checkpoint.
ParameterSnapshot Run::checked_snapshot() const {
  ParameterSnapshot snapshot = take_snapshot(store_);
  const auto finite = [](float value) { return std::isfinite(value); };
  for (const Variable& variable : store_.variables()) {
    const auto values = snapshot.arena(variable.arena)
                            .subspan(variable.offset, static_cast<std::size_t>(variable.type.shape.elements()));
    if (!std::all_of(values.begin(), values.end(), finite))
      throw Error(
          fmt::format("step {}: the weights \"{}\" are no longer finite; begin a new run with a lower --lr (now {}) or "
                      "--clip 1",
                      state_.step, variable.name, options_.lr));
  }
  return snapshot;
}

// Takes in the loss of the step that was submitted, and waits for it.
void Run::finish_step() {
  StepLoss row{.step = state_.step + 1, .loss = executable_->read("loss").floats()[0]};
  for (const char* name : gradient_norms_)  // of all gradients together
    row.gradient_norm = std::hypot(row.gradient_norm, static_cast<double>(executable_->read(name).floats()[0]));
  std::int64_t left_out = 0;
  if (scaled()) {
    row.loss_scale = executable_->read(kLossScaleBuffer).floats()[0];
    left_out = static_cast<std::int64_t>(executable_->read(kLossScaleCountsBuffer).floats()[2]);
    if (row.loss_scale < kLeastLossScale) fail(row);
  } else if (!std::isfinite(row.loss) || !std::isfinite(row.gradient_norm)) {
    fail(row);
  }
  state_.step = row.step;
  for (const std::string& part : columns_.parts)
    row.parts.push_back(static_cast<double>(executable_->read(part).floats()[0]));
  if (std::isfinite(row.loss)) {
    state_.loss_sum += row.loss;
    ++state_.loss_count;
  }
  losses_.push_back(row);
  report_->step(row, schedule_.at(state_.step - 1));
  const bool is_left_out = left_out > left_out_;
  left_out_ = left_out;
  if (hooks_.step) hooks_.step({state_.step, steps_, epoch(), row.loss, schedule_.at(state_.step - 1), is_left_out});
}

TrainingSummary Run::execute() {
  TrainingSummary summary;
  summary.steps = steps_;
  while (state_.step < steps_ && !out_of_patience()) {
    if (fed_ == state_.step) feed();
    {
      const Stopwatch watch(report_->timing.stepping);
      executable_->run();
      if (fed_ < steps_ && !rate_waits()) feed();  // while the device computes
      finish_step();
    }
    const bool epoch_done = state_.step % steps_per_epoch_ == 0 || state_.step == steps_;
    if (epoch_done) finish_epoch();
    const bool stop = hooks_.stop && hooks_.stop();
    if (!epoch_done && (stop || (options_.save_every > 0 && state_.step % options_.save_every == 0)))
      save(checked_snapshot());
    if (stop && state_.step < steps_) {
      summary.stopped = true;
      break;
    }
  }
  if (!summary.stopped && task_.score_held_out) summary.held_out = score_held_out();
  summary.out_of_patience = !summary.stopped && state_.step < steps_;
  summary.step = state_.step;
  summary.best_score = state_.best_score;
  summary.best_step = state_.best_step;
  return summary;
}

// With the batch of the step just done; not where that was left out.
void Run::measure_layers() {
  if (!layers_->is_due(state_.step) || !std::isfinite(losses_.back().gradient_norm)) return;
  const Stopwatch watch(report_->timing.layers);
  double scale = 1;
  if (scaled()) scale = losses_.size() > 1 ? losses_[losses_.size() - 2].loss_scale : kFirstLossScale;
  layers_->measure(state_.step, batches_[static_cast<std::size_t>((state_.step - 1) % 2)], scale);
}

void Run::update_average() {
  averaged_->write_arena("parameters", store_.read_arena(kAverageArena));
  averaged_->write_arena("buffers", store_.read_arena("buffers"));
}

void Run::save(const ParameterSnapshot& snapshot) {
  const Stopwatch watch(report_->timing.saving);
  report_->flush();
  write_losses(file(kLossesFile), columns_, losses_);
  state_.kernels = tuner_.recorded();
  state_.device = device_.caps().name;
  save_checkpoint(file(kLastModel), options_, task_.objective->format(), snapshot, state_);
}

// The best model so far on validation images that are others than before.
void Run::rescore_best() {
  if (!state_.best_score || !std::filesystem::exists(file(kBestModel))) return;
  ParameterStore& judged = averaged_ ? *averaged_ : store_;
  const std::vector<float> parameters = judged.read_arena("parameters"), buffers = judged.read_arena("buffers");
  restore_averaged(load_model_file(file(kBestModel)), judged);
  const std::vector<double> scores = session_->validate();
  state_.best_score = scores.empty() ? std::nullopt : std::optional(scores[0]);
  judged.write_arena("parameters", parameters);
  judged.write_arena("buffers", buffers);
}

std::vector<double> Run::parts_of_epoch() const {
  std::vector<double> means(columns_.parts.size(), 0.0);
  const std::int64_t first = metrics_.empty() ? 0 : metrics_.back().step;  // as the loss, since the last row
  for (const StepLoss& row : losses_)
    if (row.step > first)
      for (std::size_t i = 0; i < means.size(); ++i) means[i] += row.parts[i];
  for (double& mean : means) mean /= static_cast<double>(state_.step - first);
  return means;
}

// The order of writing matters to a run that is killed in between: the checkpoint comes last, so that a
// resumed run goes through this epoch's end again and writes the same files.
void Run::finish_epoch() {
  EpochReport report{.epoch = epoch(), .step = state_.step, .learning_rate = schedule_.at(state_.step - 1)};
  report.loss = state_.loss_count > 0 ? state_.loss_sum / static_cast<double>(state_.loss_count)
                                      : std::numeric_limits<double>::quiet_NaN();
  if (scaled()) report.loss_scale = losses_.back().loss_scale;
  report.left_out = left_out_;
  state_.loss_sum = 0;
  state_.loss_count = 0;
  report.parts = parts_of_epoch();
  if (averaged_) update_average();
  std::vector<PictureRow> pictures;
  {
    const Stopwatch watch(report_->timing.validation);
    if (session_->refresh()) rescore_best();
    report.scores = session_->validate();
    pictures = session_->pictures();
  }
  measure_layers();
  report.best = report.scores.empty() || !state_.best_score || report.scores[0] > *state_.best_score;
  report.seconds = os::monotonic_seconds() - started_;
  const ParameterSnapshot snapshot = checked_snapshot();
  if (report.best) {
    if (!report.scores.empty()) state_.best_score = report.scores[0];
    state_.best_step = state_.step;
    save_model(file(kBestModel), options_, task_.objective->format(), averaged_ ? take_snapshot(*averaged_) : snapshot);
  }
  const bool whole_epoch = state_.step % steps_per_epoch_ == 0;  // else a longer run wouldn't have validated here
  if (schedule_.kind == Schedule::Kind::plateau && whole_epoch && !report.scores.empty())
    state_.plateau.observe(report.scores[0], options_.lr_patience);
  schedule_.reductions = state_.plateau.reductions;
  metrics_.push_back({report.epoch, report.step, report.loss, report.scores, report.learning_rate, report.seconds});
  write_metrics(file(kMetricsFile), task_.objective->metrics(), metrics_);
  draw_metrics(file("curve.png"), task_.objective->metrics(), metrics_, losses_);
  report_->epoch({.rows = metrics_,
                  .losses = losses_,
                  .norms = layers_->rows(),
                  .pictures = std::move(pictures),
                  .best_score = state_.best_score,
                  .best_step = state_.best_step});
  save(snapshot);
  if (hooks_.epoch) hooks_.epoch(report);
}

}  // namespace

DType storage_on(const Device& device, std::string_view dtype, const LogSink& log) {
  if (dtype != "f16") return DType::f32;
  if (device.caps().storage_16bit) return DType::f16;
  if (log)
    log(LogLevel::warning, fmt::format("--dtype f16: \"{}\" has no 16-bit storage; using f32", device.caps().name));
  return DType::f32;
}

void check_training(const TrainingTask& task) {
  Schedule::kind_named(task.options.schedule);
  task.objective->check();
}

TrainingSummary train(Device& device, const TrainingTask& task, const TrainingHooks& hooks) {
  return Run(device, task, hooks).execute();
}

}  // namespace tuff
