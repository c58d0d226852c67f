#include "apps/evaluate_classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "apps/confusion_report.h"
#include "apps/progress.h"
#include "apps/run_part.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "io/labelled_dataset.h"
#include "train/split_options.h"

namespace tuff {
namespace {

// What quarter turns of the images change.
struct TurnError {
  double largest = 0;  // change of a probability
  double changed = 0;  // share of decisions
};

// A quarter turn counterclockwise of a square image: numpy's rot90.
Image quarter_turn(const Image& image) {
  Image turned(image.channels, image.height, image.width);
  const std::int64_t side = image.width;
  for (std::int64_t c = 0; c < image.channels; ++c)
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x)
        turned.channel(c)[static_cast<std::size_t>(y * side + x)] =
            image.channel(c)[static_cast<std::size_t>(x * side + side - 1 - y)];
  return turned;
}

class Evaluation {
 public:
  Evaluation(const ClassifierEvaluation& given, const Model& model)
      : model_(model),
        fit_(parse_fit(given.fit.empty() ? model.options.fit : given.fit)),
        data_(open(given, model)),
        loaded_(open_classifier(model, given.device, given.memory, given.autotune)),
        upright_(probabilities(0)),
        said_(decisions(upright_, classes())),
        confusion_(classes()) {
    for (std::size_t i = 0; i < said_.size(); ++i) confusion_.add(data_.labels[i], said_[i]);
    if (model.options.dims == 2) measure_turns();
  }

  const Confusion& confusion() const { return confusion_; }
  const std::optional<TurnError>& turns() const { return turns_; }

 private:
  static LabelledDataset open(const ClassifierEvaluation& given, const Model& model) {
    LabelledDataset data = given.split.empty() ? open_all(given, model) : open_part(given, model);
    if (data.files.format.image_channels != model.format.image_channels)
      throw Error(fmt::format("{}: {} channels, the model takes {}; choose with --channels when training", given.images,
                              data.files.format.image_channels, model.format.image_channels));
    return data;
  }

  static LabelledDataset open_all(const ClassifierEvaluation& given, const Model& model) {
    if (given.images.empty()) throw Error("--images is missing (see `tuff evaluate --help`)");
    if (given.labels.empty())
      throw Error("--labels is missing: the images' classes, a CSV of name,class, an idx file, or \"folders\"");
    const std::filesystem::path path = given.images;
    return open_labelled_dataset(std::span(&path, 1), {.labels = given.labels, .known = model.format.class_names},
                                 model.format);
  }

  // A part of what the run was begun with, wherever that lies now.
  static LabelledDataset open_part(const ClassifierEvaluation& given, const Model& model) {
    TrainOptions options = run_options(given.model);
    if (!given.images.empty()) options.images = given.images;
    if (!given.labels.empty()) options.labels = given.labels;
    const std::filesystem::path path = options.images;
    const LabelSource source{
        .labels = options.labels, .known = model.format.class_names, .validation = options.val_images};
    const LabelledDataset all = open_labelled_dataset(std::span(&path, 1), source, model.format);
    check_run_images(given.model, all.fingerprint());
    LabelledDataset part{.files = {.format = all.files.format}, .classes = all.classes};
    for (const std::size_t item : part_of(split_of(all, options), given.split)) {
      part.files.items.push_back(all.files.items[item]);
      part.labels.push_back(all.labels[item]);
      part.idx.push_back(all.idx[item]);
    }
    return part;
  }

  std::int64_t classes() const { return static_cast<std::int64_t>(model_.format.class_names.size()); }

  // Of all images after so many quarter turns.
  std::vector<float> probabilities(int quarters) {
    Progress progress(quarters == 0 ? "images" : "turned images", data_.count());
    std::vector<float> result =
        loaded_.classifier->probabilities(static_cast<std::size_t>(data_.count()), [&](std::size_t item) {
          const std::string& name = data_.files.items[item].name;
          progress.update(static_cast<std::int64_t>(item), name);
          Image image = fit_to(data_.image(item), model_.options.size, fit_, name);
          for (int turn = 0; turn < quarters; ++turn) image = quarter_turn(image);
          return image;
        });
    progress.clear();
    return result;
  }

  void measure_turns() {
    turns_.emplace();
    std::int64_t changed = 0;
    for (int quarters = 1; quarters < 4; ++quarters) {
      const std::vector<float> turned = probabilities(quarters);
      for (std::size_t i = 0; i < turned.size(); ++i)
        turns_->largest = std::max(turns_->largest, static_cast<double>(std::abs(turned[i] - upright_[i])));
      const std::vector<std::int32_t> said = decisions(turned, classes());
      for (std::size_t i = 0; i < said.size(); ++i) changed += said[i] != said_[i];
    }
    turns_->changed = static_cast<double>(changed) / static_cast<double>(3 * said_.size());
  }

  const Model& model_;
  Fit fit_;
  LabelledDataset data_;
  LoadedClassifier loaded_;
  std::vector<float> upright_;
  std::vector<std::int32_t> said_;
  Confusion confusion_;
  std::optional<TurnError> turns_;
};

std::string to_json(const Confusion& confusion, const std::vector<std::string>& names,
                    const std::optional<TurnError>& turns) {
  nlohmann::ordered_json json = confusion_json(confusion, names, "images");
  if (turns) json["quarter_turns"] = {{"largest_change", turns->largest}, {"decisions_changed", turns->changed}};
  return json.dump(2) + "\n";
}

void print_scores(const Confusion& confusion, const std::vector<std::string>& names,
                  const std::optional<TurnError>& turns) {
  print_accuracy(confusion, "images");
  if (turns)
    fmt::print("turned by 90, 180, 270 degrees: probabilities change by up to {:.2g}, {:.2f} % of decisions change\n",
               turns->largest, 100 * turns->changed);
  print_classes(confusion, names, "images");
}

}  // namespace

void evaluate_classifier(const ClassifierEvaluation& given, const Model& model) {
  const Evaluation evaluation(given, model);
  const std::vector<std::string>& names = model.format.class_names;
  const Confusion& confusion = evaluation.confusion();
  if (!given.confusion.empty()) write_confusion(given.confusion, confusion, names);
  if (!given.sheet.empty()) write_image(given.sheet, confusion_picture(confusion, names).image());
  const std::string json = to_json(confusion, names, evaluation.turns());
  if (given.json == "-") return fmt::print("{}", json);
  if (!given.json.empty()) os::write_file(given.json, json);
  print_scores(confusion, names, evaluation.turns());
}

}  // namespace tuff
