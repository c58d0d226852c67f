// tuff train: a network from images and masks.
#include "apps/train.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/commands.h"
#include "apps/cross_validation.h"
#include "apps/patterns.h"
#include "apps/progress.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "io/image_labels.h"
#include "models/vae.h"
#include "tasks/classification.h"
#include "tasks/dense_objective.h"
#include "tasks/networks.h"
#include "tasks/signal_objective.h"
#include "tasks/training_data.h"
#include "train/autoencoder.h"
#include "train/find_lr.h"
#include "train/trainer.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;
using Given = GivenOptions;

std::string read_text(const fs::path& file) {
  const std::vector<std::byte> bytes = os::read_file(file);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

const std::string* find_given(const Given& given, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [option, text] : given)
    if (option == name) found = &text;
  return found;
}

TrainOptions collect_options(const Given& given) {
  TrainOptions typed;
  const std::string* config = find_given(given, "config");
  if (config) apply_json(typed, read_text(*config), *config);
  for (const auto& [name, text] : given) set_field(typed, name, text);
  TrainOptions options = default_options(typed.model);
  if (config) apply_json(options, read_text(*config), *config);
  options.model = typed.model;
  if (config) require_own_options(read_text(*config), options.model, *config);
  for (const auto& [name, text] : given) {
    set_field(options, name, text);
    if (!applies(*find_field(name), options.model))
      throw Error(fmt::format("--{}: is no option of {}", name, typed.model));
  }
  return options;
}

namespace {

// The options of a run that goes on, and its last checkpoint where it got so far as to write one.
TrainOptions collect_resumed(const Given& given, std::optional<Model>& last) {
  const fs::path run = *find_given(given, "out");
  if (fs::exists(run / kLastModel)) last = load_model_file(run / kLastModel);
  if (!last && !fs::exists(run / kConfigFile)) return collect_options(given);
  if (find_given(given, "config"))
    throw Error(fmt::format("--config: a run that goes on keeps its own ({}); leave --config out",
                            (run / kConfigFile).string()));
  const TrainOptions saved = fs::exists(run / kConfigFile)
                                 ? options_from_json(read_text(run / kConfigFile), (run / kConfigFile).string())
                                 : last->options;
  if (last && !last->state)
    throw Error(
        fmt::format("{}: holds no training state, so this run can't be resumed; begin a new one with another --out",
                    last->path.string()));
  return resumed_options(saved, given);
}

}  // namespace

void refuse_existing(const fs::path& run) {
  std::error_code ignored;
  if (!fs::exists(run, ignored)) return;
  if (!fs::is_directory(run, ignored)) throw Error(fmt::format("--out {}: is a file; name a folder", run.string()));
  const auto of_the_finder = [](const fs::directory_entry& entry) {
    const fs::path name = entry.path().filename();
    return name == kRateTable || name == kRatePlot;
  };
  if (std::all_of(fs::directory_iterator(run), {}, of_the_finder)) return;
  throw Error(
      fmt::format("--out {}: exists already; add --resume to go on with it, or name another folder", run.string()));
}

namespace {

void require(const std::string& value, const char* option) {
  if (value.empty()) throw Error(fmt::format("--{} is missing (see `tuff train --help`)", option));
}

// As many as the labels have; Error where others were asked for.
void set_classes(TrainOptions& options, const std::vector<std::string>& classes) {
  if (classes.empty()) return;
  const auto count = static_cast<std::int64_t>(classes.size());
  if (options.classes > 1 && options.classes != count)
    throw Error(fmt::format("--classes {}: --labels {} has {}: {}", options.classes, options.labels, count,
                            fmt::join(classes, ", ")));
  options.classes = count;
}

}  // namespace

LabelledImages open_autoencoder_images(const TrainOptions& options) {
  const fs::path images = options.images;
  return open_labelled_images(std::span(&images, 1), {.labels = options.labels, .validation = options.val_images},
                              data_format(options), options.size, parse_fit(options.fit), vae_side_from);
}

namespace {

// Fills in size and classes where the images decide them.
std::unique_ptr<Objective> autoencoding_of(TrainOptions& options) {
  if (options.size > 0 && !vae_takes(options.size))
    throw Error(
        fmt::format("--size {}: the net halves it until it is 4; use {}", options.size, vae_side_from(options.size)));
  DataFormat format = data_format(options);
  if (options.labels.empty() && options.classes > 1)
    throw Error(fmt::format("--classes {}: say with --labels what class each image is of", options.classes));
  LabelledImages set = open_autoencoder_images(options);
  set_classes(options, set.classes);
  options.size = set.images.side();
  format.image_channels = static_cast<int>(set.images.channels());
  format.classes = static_cast<int>(options.classes);
  format.class_names = set.classes;
  AutoencoderNetwork network = make_autoencoder(options, set.images.channels());
  return autoencoding(options, std::move(format), std::move(set), std::move(network));
}

// Fills in the length, which the signals decide.
std::unique_ptr<Objective> signals_of(TrainOptions& options) {
  SignalData data = open_signals(
      {options.signals, options.targets, options.labels, options.label_column, gives_signal_classes(options.model)},
      data_format(options));
  options.length = data.length;
  return signal_objective(options, std::move(data));
}

// Of labelled images, or of patches around the pixels of masks.
std::unique_ptr<Objective> classifying_of(TrainOptions& options) {
  if (!options.masks.empty()) {
    set_classifier_sizes(options, 0);
    return dense_objective(options, stderr_log());
  }
  if (options.labels.empty())
    throw Error(applies(*find_field("masks"), options.model)
                    ? "--labels is missing, the images' classes; or give --masks, the classes of their pixels"
                    : "--labels is missing, the images' classes (see `tuff train --help`)");
  LabelledDataset data = open_classification(options);
  return classification(options, std::move(data));
}

std::unique_ptr<Objective> objective_of(TrainOptions& options) {
  if (takes_signals(options.model)) return signals_of(options);
  if (is_classifier(options.model)) return classifying_of(options);
  return is_dense(options.model) ? dense_objective(options, stderr_log()) : autoencoding_of(options);
}

const std::string& data_name(const TrainOptions& options) {
  return takes_signals(options.model) ? options.signals : options.images;
}

}  // namespace

TrainingTask prepare_training(TrainOptions options, std::optional<Model> resume) {
  TrainingTask task;
  task.options = std::move(options);
  task.resume = std::move(resume);
  const auto has = [&](const char* option) { return applies(*find_field(option), task.options.model); };
  if (takes_signals(task.options.model))
    require(task.options.signals, "signals");
  else
    require(task.options.images, "images");
  if (has("masks") && !has("targets") && !is_classifier(task.options.model)) require(task.options.masks, "masks");
  validate(task.options);
  task.run = task.options.out;
  task.cache_folder = os::cache_folder();
  task.objective = objective_of(task.options);
  if (task.resume) task.resume->format.replace_nan = task.options.replace_nan;
  if (task.resume && task.resume->format != task.objective->format())
    throw Error(
        fmt::format("{}: these images{} have another number of channels than when the run was begun; begin a new run",
                    data_name(task.options), task.options.targets.empty() ? "" : ", or those of --targets,"));
  if (task.resume && task.resume->state->dataset != task.objective->fingerprint())
    throw Error(
        fmt::format("{}: these are not the images that the run was begun with (other names, sizes or number); bring "
                    "those back, or begin a new run",
                    data_name(task.options)));
  if (!task.resume && !task.options.init.empty()) task.init = load_model(task.options.init);
  check_training(task);
  return task;
}

namespace {

std::string describe_epoch(const EpochReport& report, const Objective& objective) {
  const std::vector<Metric> metrics = objective.metrics();
  const std::vector<std::string> parts = objective.parts();
  std::string text = fmt::format("epoch {}  step {}  loss {:.4f}", report.epoch, report.step, report.loss);
  for (std::size_t i = 0; i < parts.size(); ++i) text += fmt::format("  {} {:.4f}", parts[i], report.parts[i]);
  for (std::size_t i = 0; i < report.scores.size(); ++i)
    text += fmt::format("  {} {:.{}f}", metrics[i].title, report.scores[i], metrics[i].decimals);
  if (!report.scores.empty() && report.best) text += "  (best)";
  if (report.loss_scale) text += fmt::format("  loss scale {}", *report.loss_scale);
  if (report.left_out > 0)
    text += fmt::format(", {} step{} left out", report.left_out, report.left_out == 1 ? "" : "s");
  return text + "  " + duration_text(report.seconds);
}

std::string describe_scores(const std::vector<Metric>& metrics, const std::vector<double>& scores) {
  std::string text;
  for (std::size_t i = 0; i < scores.size(); ++i)
    text += fmt::format("{}{} {:.{}f}", i == 0 ? "" : ", ", metrics[i].title, scores[i], metrics[i].decimals);
  return text;
}

}  // namespace

TrainingSummary run_training(Device& device, const TrainingTask& task,
                             const std::function<bool(const EpochReport&)>& epoch) {
  const std::vector<Metric> metrics = task.objective->metrics();
  if (task.resume) fmt::print(stderr, "tuff: going on after step {}\n", task.resume->state->step);
  std::unique_ptr<Progress> progress;
  bool enough = false;
  TrainingHooks hooks;
  hooks.log = stderr_log();
  hooks.tuning = tuning_progress();
  hooks.stop = [&] { return enough || os::interrupted(); };
  hooks.step = [&](const StepReport& report) {
    if (!progress) progress = std::make_unique<Progress>("steps", report.steps, report.step - 1);
    progress->update(report.step, report.left_out ? "left out: f16 overflowed, the loss scale is halved"
                                                  : fmt::format("loss {:.4f}", report.loss));
  };
  hooks.epoch = [&](const EpochReport& report) {
    progress->line(describe_epoch(report, *task.objective));
    if (report.best && task.options.model == "illumination") write_patterns(load_model(task.run), task.run);
    enough = epoch && !epoch(report);
  };
  return train(device, task, hooks);
}

namespace {

// Leaves a table and a plot in --out, and nothing else: the run can be begun there.
void find_rate(const TrainingTask& task) {
  const auto device = open_device(task.options.device);
  os::catch_interrupts();
  RateRange range;
  if (task.options.steps > 0) range.steps = task.options.steps;
  TrainingHooks hooks;
  hooks.log = stderr_log();
  hooks.stop = [] { return os::interrupted(); };
  Progress progress("steps", range.steps);
  hooks.step = [&](const StepReport& report) {
    progress.update(report.step, fmt::format("learning rate {:.2g}, loss {:.4f}", report.learning_rate, report.loss));
  };
  const RateTest test = find_learning_rate(*device, task, range, hooks);
  progress.clear();
  if (test.stopped) return fmt::print(stderr, "tuff: stopped; nothing is written\n");
  write_rate_test(task.run, test);
  const std::string plot = (task.run / kRatePlot).string();
  if (!test.suggestion)
    throw Error(fmt::format("--find-lr: the loss fell at no rate; look at {}, or give more --steps", plot));
  fmt::print("{} steps, {:.2g} to {:.2g}; see {}\nsuggested: --lr {:.2g}\n", test.rates.size(), test.rates.front(),
             test.rates.back(), plot, *test.suggestion);
}

void report_summary(const TrainingTask& task, const TrainingSummary& summary) {
  const std::vector<Metric> metrics = task.objective->metrics();
  const std::string run = task.run.string();
  fmt::print("{}: {} steps", run, summary.step);
  if (summary.out_of_patience) fmt::print(", ended by --patience {}", task.options.patience);
  if (summary.best_score)
    fmt::print(", best validation {} {:.{}f} at step {}", metrics[0].title, *summary.best_score, metrics[0].decimals,
               summary.best_step);
  fmt::print("\n");
  if (!summary.held_out.empty())
    fmt::print("{}: held-out test, {} images: {}\n", run, task.objective->held_out().size(),
               describe_scores(metrics, summary.held_out));
}

}  // namespace

void train_with(const GivenOptions& given) {
  const bool resume = find_given(given, "resume") != nullptr;
  if (find_given(given, "out") == nullptr) throw Error("--out is missing (see `tuff train --help`)");
  std::optional<Model> last;
  TrainOptions options = resume ? collect_resumed(given, last) : collect_options(given);
  if (options.find_lr && resume) throw Error("--find-lr: is for a run that isn't begun; leave --resume out");
  if (options.folds > 0 && options.fold == 0 && !options.find_lr) return cross_validate(options, resume);
  if (!resume) refuse_existing(options.out);
  if (options.folds > 0 && options.find_lr) options.fold = std::max<std::int64_t>(1, options.fold);
  const TrainingTask task = prepare_training(std::move(options), std::move(last));
  if (task.options.find_lr) return find_rate(task);
  const auto device = open_device(task.options.device);
  os::catch_interrupts();
  const TrainingSummary summary = run_training(*device, task);
  if (summary.stopped) {
    fmt::print(stderr, "tuff: stopped after step {} of {}; go on with `tuff train --out {} --resume`\n", summary.step,
               summary.steps, task.run.string());
    return;
  }
  report_summary(task, summary);
}

namespace {

// One option of the command line; its text is kept as typed and parsed later, over the configuration file.
void add_option(CLI::App& command, const TrainField& field, const TrainOptions& defaults,
                const std::shared_ptr<Given>& given) {
  add_train_option(command, field, defaults, [given, name = std::string(field.name)](const std::string& text) {
    given->emplace_back(name, text);
  });
}

}  // namespace

void add_train_option(CLI::App& command, const TrainField& field, const TrainOptions& defaults,
                      const std::function<void(const std::string&)>& keep) {
  const std::string name(field.name);
  const std::string standard = field_text(defaults, field);
  std::string help(field.help);
  CLI::Option* option = nullptr;
  if (std::holds_alternative<bool TrainOptions::*>(field.member)) {
    option = command.add_flag_callback(
        "--" + name, [keep] { keep("true"); }, help);
  } else {
    const bool shown = !standard.empty() && standard != "auto" && standard != "0";
    if (shown) help += fmt::format(" [{}]", standard);
    option = command.add_option_function<std::string>("--" + name, keep, help);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // so that scripts can add to a command
  }
  option->type_name(std::string(choices_of(field, defaults.model)));
  option->group(field.hidden ? "" : std::string(field.group));
}

void add_train_options(CLI::App& command, const std::string& network, const std::shared_ptr<GivenOptions>& given,
                       const std::vector<std::string_view>& without) {
  for (const TrainField& field : train_fields())
    if (field.name != "model" && applies(field, network) && std::ranges::find(without, field.name) == without.end())
      add_option(command, field, default_options(network), given);
}

void add_training_options(CLI::App& command, const std::shared_ptr<GivenOptions>& given) {
  command.require_subcommand(0, 1);
  for (const TrainableModel& model : trainable_models()) {
    const std::string name(model.name);
    CLI::App* network = command.add_subcommand(name, std::string(model.summary));
    add_train_options(*network, name, given);
    network->callback([given, name] { given->emplace_back("model", name); });
  }
  for (const TrainField& field : train_fields())
    if (field.name != "model") add_option(command, field, TrainOptions{}, given);
  for (CLI::Option* option : command.get_options())
    if (option->get_group() != "Run" && option->get_name() != "--help,-h") option->group("");
}

void add_train_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("train", "Train a network on images; the model goes to --out");
  const auto given = std::make_shared<Given>();
  add_training_options(*command, given);
  command->footer("`tuff train NETWORK --help` lists the options of a network.");
  command->callback([given] { train_with(*given); });
}

}  // namespace tuff
