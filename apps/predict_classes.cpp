#include "apps/predict_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/progress.h"
#include "apps/session.h"
#include "base/csv.h"
#include "base/error.h"
#include "base/os.h"

namespace tuff {
namespace {

std::string table(const LabelledDataset& images, const std::vector<std::string>& classes,
                  std::span<const float> probabilities, std::span<const std::int32_t> said) {
  std::string text = "name,class";
  for (const std::string& name : classes) text += "," + csv_field(name);
  text += "\n";
  for (std::size_t i = 0; i < said.size(); ++i) {
    text += csv_field(images.files.items[i].name) + "," + csv_field(classes[static_cast<std::size_t>(said[i])]);
    for (std::size_t c = 0; c < classes.size(); ++c)
      text += fmt::format(",{:.6f}", probabilities[i * classes.size() + c]);
    text += "\n";
  }
  return text;
}

}  // namespace

bool says_whole_images(const ClassPrediction& given, const Model& model, const LabelledDataset& images) {
  return !given.fit.empty() || model.options.pooling != "none" || model.options.model == "p4" ||
         images.largest_extent() <= model.options.size;
}

void predict_classes(const ClassPrediction& given, const Model& model, const LabelledDataset& images) {
  const std::vector<std::string>& classes = model.format.class_names;
  const Fit fit = parse_fit(given.fit.empty() ? model.options.fit : given.fit);
  const bool any_size = model.options.pooling != "none" && given.fit.empty();
  const LoadedClassifier loaded = open_classifier(model, given.device, given.memory, given.autotune);
  Progress progress("images", images.count());
  const auto image = [&](std::size_t item) {
    const std::string& name = images.files.items[item].name;
    progress.update(static_cast<std::int64_t>(item), name);
    Image own = images.image(item);
    // Smaller ones than a patch are padded.
    const bool kept = any_size && std::min(own.height, own.width) >= model.options.patch &&
                      (own.depth == 1 || own.depth >= model.options.patch);
    return kept ? own : fit_to(own, model.options.size, fit, name);
  };
  const std::vector<float> probabilities =
      loaded.classifier->probabilities(static_cast<std::size_t>(images.count()), image);
  progress.clear();
  const std::vector<std::int32_t> said = decisions(probabilities, static_cast<std::int64_t>(classes.size()));
  const std::filesystem::path file = std::filesystem::path(given.out) / "classes.csv";
  std::filesystem::create_directories(given.out);
  os::write_file(file, table(images, classes, probabilities, said));
  std::map<std::int32_t, std::int64_t> counts;
  for (const std::int32_t label : said) ++counts[label];
  std::string summary;
  for (const auto& [label, count] : counts)
    summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, classes[static_cast<std::size_t>(label)]);
  fmt::print("{}: {} image{}: {}\n", file.string(), said.size(), said.size() == 1 ? "" : "s", summary);
}

}  // namespace tuff
