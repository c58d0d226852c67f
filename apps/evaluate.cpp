// tuff evaluate: how well a model's masks fit the true ones, or a variational autoencoder images.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/evaluate_autoencoder.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"
#include "train/metrics.h"
#include "train/predict.h"

namespace tuff {
namespace {

struct EvaluateArguments {
  std::string model;
  std::string images;
  std::string masks;
  std::string json;
  std::string sheet;
  std::int64_t sheet_rows = 6;
  std::string device;
  std::string memory;
  bool autotune = false;
  std::string tile = "auto";
  bool force_tiles = false;
  ClassArguments classes;  // vae
  std::int64_t seed = 0;   // vae
};

struct Evaluated {
  std::string name;
  Scores scores;
};

nlohmann::ordered_json to_json(const Scores& scores) {
  return {{"dice", scores.dice}, {"iou", scores.iou}, {"pixel_accuracy", scores.pixel_accuracy}};
}

std::string to_json(const std::vector<Evaluated>& images, const Scores& total) {
  nlohmann::ordered_json json;
  json["mean"] = to_json(total);
  json["images"] = nlohmann::ordered_json::array();
  for (const Evaluated& image : images) {
    nlohmann::ordered_json entry = {{"name", image.name}};
    entry.update(to_json(image.scores));
    json["images"].push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

void print_table(const std::vector<Evaluated>& images, const Scores& total) {
  std::size_t width = 5;
  for (const Evaluated& image : images) width = std::max(width, image.name.size());
  fmt::print("{:{}}    Dice     IoU  accuracy\n", "image", width);
  for (const Evaluated& image : images)
    fmt::print("{:{}}  {:.4f}  {:.4f}    {:.4f}\n", image.name, width, image.scores.dice, image.scores.iou,
               image.scores.pixel_accuracy);
  fmt::print("{:{}}  {:.4f}  {:.4f}    {:.4f}\n", "mean", width, total.dice, total.iou, total.pixel_accuracy);
}

void evaluate_vae(const EvaluateArguments& arguments, Model model) {
  for (const auto& [option, given] : {std::pair("masks", arguments.masks), {"sheet", arguments.sheet}})
    if (!given.empty())
      throw Error(fmt::format("--{}: the model is a vae, which makes no masks; leave it out", option));
  evaluate_autoencoder({.model = {arguments.model, arguments.device, arguments.memory, arguments.autotune},
                        .classes = arguments.classes,
                        .images = arguments.images,
                        .json = arguments.json,
                        .seed = arguments.seed},
                       std::move(model));
}

void run_evaluate(const EvaluateArguments& arguments) {
  parse_memory(arguments.memory);
  PredictorOptions options{.tile = parse_tile(arguments.tile), .force_tiles = arguments.force_tiles};
  if (!arguments.sheet.empty()) check_image_name(arguments.sheet);
  Model model = load_model(arguments.model);
  if (model.options.model == "vae") return evaluate_vae(arguments, std::move(model));
  if (arguments.masks.empty()) throw Error("--masks is missing (see `tuff evaluate --help`)");
  const Dataset dataset = open_dataset(arguments.images, arguments.masks, model.format);
  const std::int64_t classes = model.options.classes;
  const LoadedModel loaded = open_model(std::move(model), arguments.device);
  options.memory = memory_beside(*loaded.store, arguments.memory);
  const auto tuner = open_tuner(*loaded.device, arguments.autotune);
  options.tuner = tuner.get();
  Predictor predictor(*loaded.device, *loaded.store, loaded.task->network(), options);

  Progress progress("images", static_cast<std::int64_t>(dataset.items.size()));
  std::vector<Evaluated> images;
  std::vector<Scores> scores;
  std::vector<SheetRow> rows;
  const auto rows_wanted = static_cast<std::size_t>(std::max<std::int64_t>(1, arguments.sheet_rows));
  for (std::size_t item = 0; item < dataset.items.size(); ++item) {
    const std::string& name = dataset.items[item].name;
    progress.update(static_cast<std::int64_t>(item), name);
    Sample sample = load_sample(dataset, item);
    const Image logits = predictor.predict(sample.image);
    std::vector<std::int32_t> ids = classify(logits.values, logits.channels);
    scores.push_back(score(ids, sample.labels, classes));
    images.push_back({name, scores.back()});
    if (!arguments.sheet.empty() && rows.size() < rows_wanted)
      rows.push_back({fmt::format("{}  Dice {:.3f}", name, scores.back().dice), std::move(sample.image), std::move(ids),
                      std::move(sample.labels)});
  }
  progress.clear();
  const Scores total = mean(scores);
  if (!arguments.sheet.empty()) write_image(arguments.sheet, contact_sheet(rows).image());
  if (arguments.json == "-")
    fmt::print("{}", to_json(images, total));
  else if (!arguments.json.empty())
    os::write_file(arguments.json, to_json(images, total));
  if (arguments.json != "-") print_table(images, total);
}

}  // namespace

void add_evaluate_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("evaluate",
                                          "Compare a model's masks with true ones: Dice, IoU, accuracy; "
                                          "of a vae the evidence lower bound and how its code is used");
  const auto arguments = std::make_shared<EvaluateArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("--images", arguments->images, "folder of images; vae: or an idx file")
      ->required()
      ->type_name("DIR");
  command->add_option("--masks", arguments->masks, "unet: folder of masks, paired by file name")->type_name("DIR");
  command->add_option("--json", arguments->json, "write the scores as JSON; - is the standard output")
      ->type_name("FILE|-");
  command->add_option("--sheet", arguments->sheet, "write a PNG with image, prediction and truth side by side")
      ->type_name("FILE");
  command->add_option("--sheet-rows", arguments->sheet_rows, "images on the sheet [6]")->type_name("N");
  command->add_option("--tile", arguments->tile, "side of the tiles large images are cut into [auto]")
      ->type_name("PIXELS|auto");
  command->add_flag("--force-tiles", arguments->force_tiles,
                    "tiles even where the network's norm sees the whole image");
  add_class_option(*command, arguments->classes);
  add_labels_option(*command, arguments->classes);
  command->add_option("--seed", arguments->seed, "vae: of the noise [0]")->type_name("N");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 800M or 2G; larger images are cut into tiles");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_evaluate(*arguments); });
}

}  // namespace tuff
