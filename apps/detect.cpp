// tuff detect: boxes around objects, by a classifier whose window slides over several sizes of an image.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/box_table.h"
#include "apps/commands.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "io/image_labels.h"
#include "io/overlay.h"
#include "tasks/classifier_networks.h"
#include "tasks/detection.h"
#include "train/metrics.h"
#include "train/predict.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct DetectArguments {
  std::string model;
  std::vector<std::string> inputs;
  std::string out, scales = "1", aspects = "1", background, truth, json, device, memory;
  double side = 0, threshold = 0.5, overlap = 0.3;
  std::int64_t stride = 0;
  bool replace_nan = false;
};

// Of the classes of whole images, or the ids of masks; a network with one output says where an object is.
std::vector<std::string> class_names(const Model& model) {
  if (!model.format.class_names.empty()) return model.format.class_names;
  if (model.options.classes == 1) return {"1"};
  return class_ids(model.options.classes);
}

// That of masks is 0; labels of whole images have none unless one is named.
std::int32_t background_of(const DetectArguments& arguments, const Model& model,
                           const std::vector<std::string>& names) {
  if (!arguments.background.empty()) return class_named(names, arguments.background);
  return model.format.class_names.empty() && model.options.classes > 1 ? 0 : -1;
}

std::vector<double> positive_list(const std::string& text, const char* option) {
  std::vector<double> numbers = decimal_list(text, option);
  if (numbers.empty() || std::ranges::any_of(numbers, [](double number) { return number < 0.05 || number > 50; }))
    throw Error(fmt::format("--{}: \"{}\" is no list of numbers of 0.05 to 50", option, text));
  return numbers;
}

Canvas picture(const Image& image, const std::vector<Detection>& found, const std::vector<std::string>& names) {
  Canvas canvas = render_image(image);
  for (const Detection& detection : found) {
    const Box2D& box = detection.box;
    const auto at = [](double place) { return static_cast<std::int64_t>(std::lround(place)); };
    const std::int64_t left = at(box.x), top = at(box.y), right = at(box.x + box.width) - 1,
                       bottom = at(box.y + box.height) - 1;
    const Color color = label_color(detection.label + 1);
    canvas.line(left, top, right, top, color);
    canvas.line(left, bottom, right, bottom, color);
    canvas.line(left, top, left, bottom, color);
    canvas.line(right, top, right, bottom, color);
    canvas.text(left, top >= 8 ? top - 8 : bottom + 2, names[static_cast<std::size_t>(detection.label)], color);
  }
  return canvas;
}

// What is to be said of detections against true boxes.
void report(const std::vector<TrueBox>& truth, const std::vector<FoundBox>& found,
            const std::vector<std::string>& names, std::int32_t background, const std::string& file) {
  nlohmann::ordered_json json;
  json["classes"] = nlohmann::ordered_json::array();
  std::string table = "class  boxes  found  false   AP50\n";
  double sum = 0;
  std::int64_t classes = 0;
  for (std::size_t label = 0; label < names.size(); ++label) {
    const DetectionScore score = score_detections(truth, found, static_cast<std::int32_t>(label));
    if (static_cast<std::int32_t>(label) == background || score.objects == 0) continue;
    table += fmt::format("{:<5}  {:>5}  {:>5}  {:>5}  {:.4f}\n", names[label], score.objects, score.found,
                         score.false_positives, score.average_precision);
    json["classes"].push_back({{"name", names[label]},
                               {"boxes", score.objects},
                               {"found", score.found},
                               {"false_positives", score.false_positives},
                               {"ap50", score.average_precision}});
    sum += score.average_precision;
    ++classes;
  }
  const double mean = classes > 0 ? sum / static_cast<double>(classes) : 0;
  json["mean_ap50"] = mean;
  if (file == "-") return fmt::print("{}\n", json.dump(2));
  if (!file.empty()) os::write_file(file, json.dump(2) + "\n");
  fmt::print("{}mean AP at IoU 0.5: {:.4f}\n", table, mean);
}

void check(const DetectArguments& arguments, const Model& model, const Dataset& dataset) {
  if (!is_classifier(model.options.model) || !is_dense(model.options.model))
    throw Error(fmt::format("the model is a {}; a window slides with a cnn or mlp", model.options.model));
  if (model.options.dims == 3) throw Error("the model is of volumes; boxes are found in images");
  std::map<std::string, fs::path> names;
  for (const DataItem& item : dataset.items)
    if (!names.emplace(item.name, item.images.front()).second)
      throw Error(fmt::format("two images are named {}; take them one by one into folders of their own", item.name));
  if (!arguments.json.empty() && arguments.truth.empty()) throw Error("--json: scores need --truth");
}

// From a table, or around the objects of masks, which are of one class.
std::vector<TrueBox> true_boxes(const DetectArguments& arguments, const Dataset& dataset,
                                const std::vector<std::string>& names, const Model& model, std::int32_t background) {
  if (!fs::is_directory(arguments.truth) && !is_image_file(arguments.truth))
    return read_boxes(arguments.truth, dataset, names, model.format.class_names.empty() ? "class" : "label");
  if (names.size() > (background < 0 ? 1 : 2))
    throw Error(fmt::format("--truth {}: masks of ids are of one class, the model knows {}; give a CSV of boxes",
                            arguments.truth, fmt::join(names, ", ")));
  return boxes_of_masks(arguments.truth, dataset, background == 0 ? 1 : 0);
}

void run_detect(const DetectArguments& arguments) {
  check_folder(arguments.out);
  Model model = load_model(arguments.model);
  if (arguments.replace_nan) model.format.replace_nan = true;
  if (arguments.stride > 0) model.options.stride = arguments.stride;
  const std::vector<fs::path> paths(arguments.inputs.begin(), arguments.inputs.end());
  const Dataset dataset = open_images(paths, model.format);
  check(arguments, model, dataset);
  const std::vector<std::string> names = class_names(model);
  const ClassifierConfig config = classifier_config(model.options, model.format.image_channels);
  const DetectionOptions options{.side = arguments.side > 0 ? arguments.side : static_cast<double>(config.side),
                                 .scales = positive_list(arguments.scales, "scales"),
                                 .aspects = positive_list(arguments.aspects, "aspects"),
                                 .threshold = arguments.threshold,
                                 .overlap = arguments.overlap,
                                 .background = background_of(arguments, model, names)};
  const std::vector<TrueBox> truth = arguments.truth.empty()
                                         ? std::vector<TrueBox>{}
                                         : true_boxes(arguments, dataset, names, model, options.background);
  const std::int64_t stride = map_stride(model.options);
  const LoadedModel loaded = open_model(std::move(model), arguments.device);
  Predictor predictor(*loaded.device, *loaded.store, loaded.task->network(),
                      {.memory = memory_beside(*loaded.store, arguments.memory)});
  const WindowMap map{.probabilities =
                          [&](const Image& image) {
                            Image logits = predictor.predict(image);
                            logits.values = probabilities(logits.values, logits.channels);
                            return logits;
                          },
                      .stride = stride,
                      .first = -((config.side - stride) % 2 != 0 ? 1 : 0)};
  const fs::path out = arguments.out;
  fs::create_directories(out);
  std::vector<FoundBox> found;
  Progress progress("images", static_cast<std::int64_t>(dataset.items.size()));
  for (std::size_t item = 0; item < dataset.items.size(); ++item) {
    progress.update(static_cast<std::int64_t>(item), dataset.items[item].name);
    const Image image = load_item_image(dataset, item);
    const std::vector<Detection> boxes = detect(image, map, options);
    for (const Detection& detection : boxes) found.push_back({item, detection});
    write_image(out / (dataset.items[item].name + "_boxes.png"), picture(image, boxes, names).image());
  }
  progress.clear();
  write_boxes(out / "boxes.csv", dataset, found, names);
  if (arguments.json != "-")
    fmt::print("{}: {} boxes in {} images\n", (out / "boxes.csv").string(), found.size(), dataset.items.size());
  if (!arguments.truth.empty()) report(truth, found, names, options.background, arguments.json);
}

}  // namespace

void add_detect_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("detect", "Boxes around objects, by sliding the window of a cnn or mlp");
  const auto arguments = std::make_shared<DetectArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("images", arguments->inputs, "image files or folders of them")
      ->required()
      ->type_name("IMAGE|DIR...");
  command->add_option("--out", arguments->out, "folder for boxes.csv and NAME_boxes.png")->required()->type_name("DIR");
  command->add_option("--scales", arguments->scales, "sizes of objects beside those trained on, e.g. 0.7,1,1.4 [1]")
      ->type_name("LIST");
  command->add_option("--aspects", arguments->aspects, "width to height of objects, e.g. 0.5,1,2 [1]")
      ->type_name("LIST");
  command->add_option("--box", arguments->side, "side of an object in images as trained on [the patch's]")
      ->check(CLI::Range(1.0, 8192.0))
      ->type_name("PIXELS");
  command->add_option("--threshold", arguments->threshold, "least probability of a class [0.5]")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("X");
  command->add_option("--overlap", arguments->overlap, "largest overlap of two boxes of a class (IoU) [0.3]")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("X");
  command->add_option("--background", arguments->background, "class that is no object [of masks 0, else none]")
      ->type_name("CLASS");
  command->add_option("--stride", arguments->stride, "pixels from window to window [as in training]")
      ->check(CLI::PositiveNumber)
      ->type_name("PIXELS");
  command
      ->add_option(
          "--truth", arguments->truth,
          "true boxes, for AP at IoU 0.5: a CSV with the columns name, class or label, y, x, height, width, or "
          "masks of ids, a folder or a file")
      ->type_name("FILE|DIR");
  command->add_option("--json", arguments->json, "write the scores as JSON; - is the standard output")
      ->type_name("FILE|-");
  add_replace_nan_option(*command, arguments->replace_nan);
  add_memory_option(*command, arguments->memory, "device memory that it may take, e.g. 800M or 2G");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_detect(*arguments); });
}

}  // namespace tuff
