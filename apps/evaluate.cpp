// tuff evaluate: how well a model's results fit the truth, or a variational autoencoder images.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/confusion_report.h"
#include "apps/evaluate_autoencoder.h"
#include "apps/evaluate_classifier.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/run_part.h"
#include "apps/session.h"
#include "apps/signals.h"
#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"
#include "io/image_labels.h"
#include "tasks/networks.h"
#include "tasks/signals.h"
#include "tasks/training_data.h"
#include "train/predict.h"
#include "train/split_options.h"

namespace tuff {
namespace {

struct EvaluateArguments {
  std::string model;
  std::string images;
  std::string masks;
  std::string targets;
  std::string split;
  std::string json;
  std::string sheet;
  std::int64_t sheet_rows = 6;
  std::string device;
  std::string memory;
  bool autotune = false;
  std::string tile = "auto";
  bool force_tiles = false;
  bool replace_nan = false;
  ClassArguments classes;   // vae, classifiers
  std::int64_t seed = 0;    // of noise
  std::int64_t bits = 8;    // autoencoder
  std::string fit;          // classifiers
  std::string confusion;    // where results are classes
  std::int64_t stride = 0;  // classifiers
};

struct Evaluated {
  std::string name;
  std::vector<double> scores;  // of DenseTask::metrics()
};

struct Evaluation {
  std::vector<Metric> metrics;
  std::vector<Evaluated> images;
  std::vector<double> total;           // of all images
  std::string baseline_name;           // DenseTask's
  std::vector<double> baseline;        // of all images, without the network
  std::optional<Confusion> confusion;  // of pixels, where results are classes
};

constexpr const char* kPixels = "pixels";

// Takes in an image's pixels; those that nothing is said of don't count.
void count_pixels(Confusion& confusion, const std::vector<std::int32_t>& truth,
                  const std::vector<std::int32_t>& predicted) {
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (truth[i] >= 0) confusion.add(truth[i], predicted[i]);
}

nlohmann::ordered_json to_json(const std::vector<Metric>& metrics, const std::vector<double>& scores) {
  nlohmann::ordered_json json;
  for (std::size_t i = 0; i < metrics.size(); ++i) json[key_of(metrics[i])] = scores[i];
  return json;
}

std::string to_json(const Evaluation& evaluation) {
  nlohmann::ordered_json json;
  json["mean"] = to_json(evaluation.metrics, evaluation.total);
  if (!evaluation.baseline_name.empty())
    json["baseline"][evaluation.baseline_name] = to_json(evaluation.metrics, evaluation.baseline);
  if (evaluation.confusion)
    json["classes"] = classes_json(*evaluation.confusion, class_ids(evaluation.confusion->classes()), kPixels);
  json["images"] = nlohmann::ordered_json::array();
  for (const Evaluated& image : evaluation.images) {
    nlohmann::ordered_json entry = {{"name", image.name}};
    entry.update(to_json(evaluation.metrics, image.scores));
    json["images"].push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

void print_row(const std::vector<Metric>& metrics, const std::string& name, std::size_t width,
               const std::vector<double>& scores) {
  std::string row = fmt::format("{:{}}", name, width);
  for (std::size_t i = 0; i < metrics.size(); ++i)
    row +=
        fmt::format("  {:>{}.{}f}", scores[i], std::max<std::size_t>(6, metrics[i].title.size()), metrics[i].decimals);
  fmt::print("{}\n", row);
}

void print_table(const Evaluation& evaluation) {
  std::size_t width = std::max<std::size_t>(5, evaluation.baseline_name.size());
  for (const Evaluated& image : evaluation.images) width = std::max(width, image.name.size());
  std::string head = fmt::format("{:{}}", "image", width);
  for (const Metric& metric : evaluation.metrics) head += fmt::format("  {:>6}", metric.title);
  fmt::print("{}\n", head);
  for (const Evaluated& image : evaluation.images) print_row(evaluation.metrics, image.name, width, image.scores);
  print_row(evaluation.metrics, "all", width, evaluation.total);
  if (!evaluation.baseline_name.empty())
    print_row(evaluation.metrics, evaluation.baseline_name, width, evaluation.baseline);
  if (!evaluation.confusion || evaluation.confusion->classes() < 3) return;
  fmt::print("\n");
  print_classes(*evaluation.confusion, class_ids(evaluation.confusion->classes()), kPixels);
}

// A row of the sheet: image, result, truth.
SheetRow sheet_row(const std::string& name, const Metric& metric, double score, const Sample& sample,
                   DenseResult result) {
  SheetRow row{.caption = fmt::format("{}  {} {:.{}f}", name, metric.title, score, metric.decimals)};
  const std::int64_t middle = sample.image.depth / 2;  // of a volume
  row.image = sample.image.plane(middle);
  if (result.kind == DenseResult::Kind::image) {
    row.predicted_image = result.image.plane(middle);
    row.true_image = sample.targets.plane(middle);
    return row;
  }
  const std::int64_t pixels = sample.image.height * sample.image.width;
  const auto slice = [&](const std::vector<std::int32_t>& labels) {
    const auto first = labels.begin() + middle * pixels;
    return std::vector<std::int32_t>(first, first + pixels);
  };
  row.prediction = slice(result.labels.ids);
  row.truth = slice(sample.labels);
  return row;
}

// Whether the truth are masks, and not the images that are to be predicted.
bool learns_masks(const Model& model) {
  return applies(*find_field("masks"), model.options.model) && model.format.target_channels == 0;
}

void check_truth(const EvaluateArguments& arguments, const Model& model) {
  const std::string& network = model.options.model;
  const bool masks = learns_masks(model);
  if (!masks && !arguments.masks.empty())
    throw Error(fmt::format("--masks: the model is a {}, which makes no masks; give --targets", network));
  if (!arguments.targets.empty() && (masks || !applies(*find_field("targets"), network)))
    throw Error(fmt::format("--targets: the model is a {}, which makes its own truth{}; leave it out", network,
                            masks ? " of masks" : ""));
}

struct Chosen {
  Dataset dataset;
  std::vector<std::size_t> items;
};

// Images with masks, or with the images that are to be predicted; a denoiser makes its own noise.
Chosen open_images_with_truth(const EvaluateArguments& arguments, const Model& model) {
  const bool masks = learns_masks(model);
  if (arguments.images.empty()) throw Error("--images is missing (see `tuff evaluate --help`)");
  if (masks && arguments.masks.empty()) throw Error("--masks is missing (see `tuff evaluate --help`)");
  const std::filesystem::path images = arguments.images;
  Chosen chosen;
  chosen.dataset = masks                       ? open_dataset(images, arguments.masks, model.format)
                   : arguments.targets.empty() ? open_images(std::span(&images, 1), model.format)
                                               : open_image_pairs(images, arguments.targets, model.format);
  for (std::size_t item = 0; item < chosen.dataset.items.size(); ++item) chosen.items.push_back(item);
  return chosen;
}

// A part of what the run was begun with, wherever that lies now.
Chosen open_part(const EvaluateArguments& arguments) {
  TrainOptions options = run_options(arguments.model);
  if (arguments.replace_nan) options.replace_nan = true;
  if (!arguments.images.empty()) options.images = arguments.images;
  if (!arguments.masks.empty()) options.masks = arguments.masks;
  if (!arguments.targets.empty()) options.targets = arguments.targets;
  Chosen chosen{open_training_data(options), {}};
  check_run_images(arguments.model, fingerprint(chosen.dataset));
  chosen.items = part_of(split_dataset(chosen.dataset, split_options(options)), arguments.split);
  return chosen;
}

Chosen open_evaluated(const EvaluateArguments& arguments, const Model& model) {
  check_truth(arguments, model);
  Chosen chosen = arguments.split.empty() ? open_images_with_truth(arguments, model) : open_part(arguments);
  const std::unique_ptr<DenseTask> task = make_dense_task(model.options, model.format);
  if (!arguments.confusion.empty() && task->result_kind() != DenseResult::Kind::classes)
    throw Error(
        fmt::format("--confusion: the model is a {}, which gives no classes; leave it out", model.options.model));
  if (!learns_masks(model)) task->check(chosen.dataset);
  return chosen;
}

// Error where an option was given that means nothing to a kind of model.
void refuse(const char* kind, const std::vector<std::pair<const char*, bool>>& given) {
  for (const auto& [option, is_given] : given)
    if (is_given) throw Error(fmt::format("--{}: means nothing to {}; leave it out", option, kind));
}

void evaluate_code(const EvaluateArguments& arguments, Model model) {
  refuse("autoencoders", {{"targets", !arguments.targets.empty()},
                          {"fit", !arguments.fit.empty()},
                          {"confusion", !arguments.confusion.empty()},
                          {"replace-nan", arguments.replace_nan},
                          {"stride", arguments.stride > 0}});
  for (const auto& [option, given] : {std::pair("masks", arguments.masks), {"sheet", arguments.sheet}})
    if (!given.empty())
      throw Error(
          fmt::format("--{}: the model is a {}, which makes no masks; leave it out", option, model.options.model));
  evaluate_autoencoder({.model = {arguments.model, arguments.device, arguments.memory, arguments.autotune},
                        .classes = arguments.classes,
                        .images = arguments.images,
                        .split = arguments.split,
                        .json = arguments.json,
                        .seed = arguments.seed,
                        .bits = arguments.bits},
                       std::move(model));
}

void evaluate_spectra(const EvaluateArguments& arguments, const Model& model) {
  if (!arguments.masks.empty()) throw Error("--masks: the model learned from signals, which have none; leave it out");
  refuse("networks of signals", {{"split", !arguments.split.empty()},
                                 {"fit", !arguments.fit.empty()},
                                 {"replace-nan", arguments.replace_nan},
                                 {"stride", arguments.stride > 0},
                                 {"memory", !arguments.memory.empty()}});
  evaluate_signals({.signals = arguments.images,
                    .targets = arguments.targets,
                    .labels = arguments.classes.labels,
                    .json = arguments.json,
                    .confusion = arguments.confusion,
                    .sheet = arguments.sheet,
                    .sheet_rows = arguments.sheet_rows,
                    .device = arguments.device,
                    .autotune = arguments.autotune},
                   model);
}

void evaluate_classes(const EvaluateArguments& arguments, const Model& model) {
  for (const auto& [option, given] : {std::pair("masks", arguments.masks), {"targets", arguments.targets}})
    if (!given.empty())
      throw Error(fmt::format("--{}: the model is a {} that learned classes of whole images; give --labels", option,
                              model.options.model));
  evaluate_classifier({.model = arguments.model,
                       .images = arguments.images,
                       .split = arguments.split,
                       .labels = arguments.classes.labels,
                       .fit = arguments.fit,
                       .json = arguments.json,
                       .confusion = arguments.confusion,
                       .sheet = arguments.sheet,
                       .device = arguments.device,
                       .memory = arguments.memory,
                       .autotune = arguments.autotune},
                      model);
}

void run_evaluate(const EvaluateArguments& arguments) {
  parse_memory(arguments.memory);
  PredictorOptions options{.tile = parse_tile(arguments.tile), .force_tiles = arguments.force_tiles};
  if (!arguments.sheet.empty()) check_image_name(arguments.sheet);
  if (is_image_file(arguments.confusion)) check_image_name(arguments.confusion);
  Model model = load_model(arguments.model);
  if (arguments.replace_nan) model.format.replace_nan = true;
  if (is_autoencoder(model.options.model)) return evaluate_code(arguments, std::move(model));
  if (takes_signals(model.options.model)) return evaluate_spectra(arguments, model);
  if (knows_classes(model)) return evaluate_classes(arguments, model);
  if (!arguments.fit.empty()) throw Error("--fit: goes with classifiers of whole images; leave it out");
  if (arguments.stride > 0 && !is_classifier(model.options.model))
    throw Error(fmt::format("--stride: goes with classifiers; the model is a {}", model.options.model));
  if (arguments.stride > 0) model.options.stride = arguments.stride;
  const Chosen chosen = open_evaluated(arguments, model);
  const Dataset& dataset = chosen.dataset;
  const LoadedModel loaded = open_model(std::move(model), arguments.device);
  const DenseTask& task = *loaded.task;
  options.memory = memory_beside(*loaded.store, arguments.memory);
  const auto tuner = open_tuner(*loaded.device, arguments.autotune);
  options.tuner = tuner.get();
  Predictor predictor(*loaded.device, *loaded.store, task.network(), options);
  const auto reader = task.reader(*loaded.device);
  const auto scorer = task.scorer();
  const auto baseline_scorer = task.scorer();
  Evaluation evaluation{.metrics = task.metrics(), .baseline_name = std::string(task.baseline_name())};
  if (task.result_kind() == DenseResult::Kind::classes)
    evaluation.confusion.emplace(std::max<std::int64_t>(2, loaded.model.options.classes));

  Progress progress("images", static_cast<std::int64_t>(chosen.items.size()));
  std::vector<SheetRow> rows;
  const auto rows_wanted = static_cast<std::size_t>(std::max<std::int64_t>(1, arguments.sheet_rows));
  for (const std::size_t item : chosen.items) {
    const std::string& name = dataset.items[item].name;
    progress.update(static_cast<std::int64_t>(evaluation.images.size()), name);
    Sample sample = load_sample(dataset, item);
    task.prepare(sample);
    // Where there are real pairs, a denoiser sees the images as they are.
    const Image input = arguments.targets.empty() ? task.input_of(sample, item) : sample.image;
    if (!evaluation.baseline_name.empty())
      baseline_scorer->add(sample, {.kind = DenseResult::Kind::image, .image = task.baseline(input)});
    DenseResult result = reader->read(predictor.predict(input));
    if (evaluation.confusion) count_pixels(*evaluation.confusion, sample.labels, result.labels.ids);
    evaluation.images.push_back({name, scorer->add(sample, result)});
    if (!arguments.sheet.empty() && rows.size() < rows_wanted)
      rows.push_back(
          sheet_row(name, evaluation.metrics[0], evaluation.images.back().scores[0], sample, std::move(result)));
  }
  progress.clear();
  evaluation.total = scorer->total();
  evaluation.baseline = baseline_scorer->total();
  if (!arguments.sheet.empty()) write_image(arguments.sheet, contact_sheet(rows).image());
  if (!arguments.confusion.empty())
    write_confusion(arguments.confusion, *evaluation.confusion, class_ids(evaluation.confusion->classes()));
  if (arguments.json == "-") return fmt::print("{}", to_json(evaluation));
  if (!arguments.json.empty()) os::write_file(arguments.json, to_json(evaluation));
  print_table(evaluation);
}

}  // namespace

void add_evaluate_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "evaluate",
      "Compare a model's results with the truth: Dice, AP, PSNR, accuracy, whatever it is judged by; "
      "of a vae the evidence lower bound and how its code is used, of an autoencoder rate and quality");
  const auto arguments = std::make_shared<EvaluateArguments>();
  add_model_option(*command, arguments->model);
  command
      ->add_option("--images,--signals", arguments->images,
                   "folder of images; autoencoders: or an idx file; a file of signals")
      ->type_name("DIR");
  command->add_option("--masks", arguments->masks, "folder of masks, paired by file name")->type_name("DIR");
  command
      ->add_option("--targets", arguments->targets,
                   "folder of the images to be predicted; a denoiser then adds no noise of its own")
      ->type_name("DIR");
  command
      ->add_option("--split", arguments->split,
                   "instead of all images: those that the run trained on, chose its best model by, or held out; by "
                   "itself of the images that config.json names")
      ->check(CLI::IsMember({"train", "validation", "test"}))
      ->type_name("train|validation|test");
  command->add_option("--json", arguments->json, "write the scores as JSON; - is the standard output")
      ->type_name("FILE|-");
  command
      ->add_option("--sheet", arguments->sheet,
                   "write a PNG with image, prediction and truth side by side; of a classifier who is taken for whom")
      ->type_name("FILE");
  command->add_option("--sheet-rows", arguments->sheet_rows, "images on the sheet [6]")->type_name("N");
  command->add_option("--tile", arguments->tile, "side of the tiles large images are cut into [auto]")
      ->type_name("PIXELS|auto");
  command->add_flag("--force-tiles", arguments->force_tiles,
                    "tiles even where the network's norm sees the whole image");
  add_class_option(*command, arguments->classes);
  add_labels_option(*command, arguments->classes);
  command->add_option("--seed", arguments->seed, "vae and autoencoder: of the noise [0]")->type_name("N");
  command->add_option("--bits", arguments->bits, "autoencoder: of each number of the code, for the rate [8]")
      ->check(CLI::Range(1, 16))
      ->type_name("N");
  command->add_option("--fit", arguments->fit, "classifiers: how images come to the net's size [as in training]")
      ->check(CLI::IsMember({"pad", "crop", "resize"}))
      ->type_name("pad|crop|resize");
  command
      ->add_option("--confusion", arguments->confusion,
                   "classes of images, pixels or signals: write who is taken for whom, as CSV or, where FILE is "
                   "NAME.png, as a picture")
      ->type_name("FILE");
  command
      ->add_option("--stride", arguments->stride,
                   "classifiers: pixels from decision to decision of maps [as in training]")
      ->check(CLI::PositiveNumber)
      ->type_name("PIXELS");
  add_replace_nan_option(*command, arguments->replace_nan);
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 800M or 2G; larger images are cut into tiles");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_evaluate(*arguments); });
}

}  // namespace tuff
