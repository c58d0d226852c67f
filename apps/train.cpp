// tuff train: a network from images and masks.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/commands.h"
#include "apps/progress.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "io/image_labels.h"
#include "models/vae.h"
#include "tasks/classification.h"
#include "tasks/dense_objective.h"
#include "tasks/networks.h"
#include "tasks/training_data.h"
#include "train/autoencoder.h"
#include "train/trainer.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;
using Given = std::vector<std::pair<std::string, std::string>>;  // options as typed: name, text

std::string read_text(const fs::path& file) {
  const std::vector<std::byte> bytes = os::read_file(file);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const std::string* find_given(const Given& given, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [option, text] : given)
    if (option == name) found = &text;
  return found;
}

// Defaults, then the configuration file, then what was typed.
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

void refuse_existing(const fs::path& run) {
  std::error_code ignored;
  if (!fs::exists(run, ignored)) return;
  if (!fs::is_directory(run, ignored)) throw Error(fmt::format("--out {}: is a file; name a folder", run.string()));
  if (fs::is_empty(run, ignored)) return;
  throw Error(
      fmt::format("--out {}: exists already; add --resume to go on with it, or name another folder", run.string()));
}

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

// Fills in size and classes where the images decide them.
std::unique_ptr<Objective> autoencoding_of(TrainOptions& options) {
  if (options.size > 0 && !vae_takes(options.size))
    throw Error(
        fmt::format("--size {}: the net halves it until it is 4; use {}", options.size, vae_side_from(options.size)));
  DataFormat format = data_format(options);
  const fs::path images = options.images;
  if (options.labels.empty() && options.classes > 1)
    throw Error(fmt::format("--classes {}: say with --labels what class each image is of", options.classes));
  LabelledImages set = open_labelled_images(std::span(&images, 1), {.labels = options.labels}, format, options.size,
                                            parse_fit(options.fit), vae_side_from);
  set_classes(options, set.classes);
  options.size = set.images.side();
  format.image_channels = static_cast<int>(set.images.channels());
  format.classes = static_cast<int>(options.classes);
  format.class_names = set.classes;
  AutoencoderNetwork network = make_autoencoder(options, set.images.channels());
  return autoencoding(options, std::move(format), std::move(set), std::move(network));
}

// Of labelled images, or of patches around the pixels of masks.
std::unique_ptr<Objective> classifying_of(TrainOptions& options) {
  if (!options.masks.empty()) {
    set_classifier_sizes(options, 0);
    return dense_objective(options);
  }
  if (options.labels.empty())
    throw Error(applies(*find_field("masks"), options.model)
                    ? "--labels is missing, the images' classes; or give --masks, the classes of their pixels"
                    : "--labels is missing, the images' classes (see `tuff train --help`)");
  LabelledDataset data = open_classification(options);
  return classification(options, std::move(data));
}

std::unique_ptr<Objective> objective_of(TrainOptions& options) {
  if (is_classifier(options.model)) return classifying_of(options);
  return is_dense(options.model) ? dense_objective(options) : autoencoding_of(options);
}

TrainingTask prepare(const Given& given) {
  TrainingTask task;
  const bool resume = find_given(given, "resume") != nullptr;
  if (find_given(given, "out") == nullptr) throw Error("--out is missing (see `tuff train --help`)");
  task.options = resume ? collect_resumed(given, task.resume) : collect_options(given);
  require(task.options.images, "images");
  if (applies(*find_field("masks"), task.options.model) && !is_classifier(task.options.model))
    require(task.options.masks, "masks");
  validate(task.options);
  task.run = task.options.out;
  task.cache_folder = os::cache_folder();
  if (!resume) refuse_existing(task.run);
  task.objective = objective_of(task.options);
  if (task.resume && task.resume->format != task.objective->format())
    throw Error(
        fmt::format("{}: these images{} have another number of channels than when the run was begun; begin a new run",
                    task.options.images, task.options.targets.empty() ? "" : ", or those of --targets,"));
  if (task.resume && task.resume->state->dataset != task.objective->fingerprint())
    throw Error(
        fmt::format("{}: these are not the images that the run was begun with (other names, sizes or number); bring "
                    "those back, or begin a new run",
                    task.options.images));
  check_training(task);
  return task;
}

std::string describe_epoch(const EpochReport& report, const std::vector<Metric>& metrics) {
  std::string text = fmt::format("epoch {}  step {}  loss {:.4f}", report.epoch, report.step, report.loss);
  for (std::size_t i = 0; i < report.scores.size(); ++i)
    text += fmt::format("  {} {:.{}f}", metrics[i].title, report.scores[i], metrics[i].decimals);
  if (!report.scores.empty() && report.best) text += "  (best)";
  if (report.loss_scale) text += fmt::format("  loss scale {}", *report.loss_scale);
  if (report.left_out > 0)
    text += fmt::format(", {} step{} left out", report.left_out, report.left_out == 1 ? "" : "s");
  return text + "  " + duration_text(report.seconds);
}

void run_train(const Given& given) {
  const TrainingTask task = prepare(given);
  const std::vector<Metric> metrics = task.objective->metrics();
  const auto device = open_device(task.options.device);
  os::catch_interrupts();
  if (task.resume) fmt::print(stderr, "tuff: going on after step {}\n", task.resume->state->step);
  std::unique_ptr<Progress> progress;
  TrainingHooks hooks;
  hooks.log = stderr_log();
  hooks.tuning = tuning_progress();
  hooks.stop = [] { return os::interrupted(); };
  hooks.step = [&](const StepReport& report) {
    if (!progress) progress = std::make_unique<Progress>("steps", report.steps, report.step - 1);
    progress->update(report.step, report.left_out ? "left out: f16 overflowed, the loss scale is halved"
                                                  : fmt::format("loss {:.4f}", report.loss));
  };
  hooks.epoch = [&](const EpochReport& report) { progress->line(describe_epoch(report, metrics)); };
  const TrainingSummary summary = train(*device, task, hooks);
  progress.reset();
  if (summary.stopped) {
    fmt::print(stderr, "tuff: stopped after step {} of {}; go on with `tuff train --out {} --resume`\n", summary.step,
               summary.steps, task.run.string());
    return;
  }
  fmt::print("{}: {} steps", task.run.string(), summary.step);
  if (summary.best_score)
    fmt::print(", best validation {} {:.{}f} at step {}", metrics[0].title, *summary.best_score, metrics[0].decimals,
               summary.best_step);
  fmt::print("\n");
}

// One option of the command line; its text is kept as typed and parsed later, over the configuration file.
void add_option(CLI::App& command, const TrainField& field, const TrainOptions& defaults,
                const std::shared_ptr<Given>& given) {
  const std::string name(field.name);
  const auto keep = [given, name](const std::string& text) { given->emplace_back(name, text); };
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

}  // namespace

void add_train_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("train", "Train a network on images; the model goes to --out");
  command->require_subcommand(0, 1);
  const auto given = std::make_shared<Given>();
  for (const TrainableModel& model : trainable_models()) {
    const std::string name(model.name);
    CLI::App* network = command->add_subcommand(name, std::string(model.summary));
    for (const TrainField& field : train_fields())
      if (field.name != "model" && applies(field, name)) add_option(*network, field, default_options(name), given);
    network->callback([given, name] { given->emplace_back("model", name); });
  }
  // Without a network's name, for runs that go on and for configuration files.
  for (const TrainField& field : train_fields())
    if (field.name != "model") add_option(*command, field, TrainOptions{}, given);
  for (CLI::Option* option : command->get_options())
    if (option->get_group() != "Run" && option->get_name() != "--help,-h") option->group("");
  command->footer("`tuff train NETWORK --help` lists the options of a network.");
  command->callback([given] { run_train(*given); });
}

}  // namespace tuff
