// tuff match: how well predicted objects, of whatever program, fit the true ones.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/label_options.h"
#include "apps/progress.h"
#include "base/error.h"
#include "base/os.h"
#include "instances/matching.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct MatchArguments {
  std::string predictions;
  std::string masks;
  std::string json;
  LabelOptions labels;
};

struct Pair {
  LabelFile truth;
  LabelFile prediction;
};

struct Matched {
  std::string name;
  std::vector<Match> at;  // each of kMatchThresholds
};

// Each true mask with the prediction of its name. A prediction without true mask is told and left out.
std::vector<Pair> pair_files(const std::string& predictions, const std::string& masks, bool volumes) {
  const fs::path prediction_path = predictions, mask_path = masks;
  std::map<std::string, LabelFile> by_name = label_files_by_name(prediction_path, volumes);
  const std::vector<LabelFile> truth = list_label_files(std::span(&mask_path, 1), volumes);
  const bool two_files = !fs::is_directory(prediction_path) && !fs::is_directory(mask_path);
  if (two_files) return {{truth[0], by_name.begin()->second}};
  std::vector<Pair> pairs;
  for (const LabelFile& file : truth) {
    const auto found = by_name.find(file.name);
    if (found == by_name.end())
      throw Error(fmt::format("{}: no prediction \"{}\" in {}", file.path.string(), file.name, predictions));
    pairs.push_back({file, found->second});
    by_name.erase(found);
  }
  if (!by_name.empty())
    stderr_log()(LogLevel::warning,
                 fmt::format("{} prediction{} without a true mask left out, such as {}", by_name.size(),
                             by_name.size() == 1 ? "" : "s", by_name.begin()->second.path.string()));
  return pairs;
}

void match_files(const Pair& pair, const LabelReading& reading, std::vector<Matched>& images) {
  const LabelStack truth = read_labels(pair.truth.path, reading);
  const LabelStack prediction = read_labels(pair.prediction.path, reading);
  const Labels &a = truth.labels.front(), &b = prediction.labels.front();
  if (truth.frames != prediction.frames || truth.depth != prediction.depth || a.height != b.height ||
      a.width != b.width)
    throw Error(fmt::format("{}: {} planes of {}x{}, but {} has {} of {}x{}: they must have the same",
                            pair.prediction.path.string(), prediction.frames * prediction.depth, b.height, b.width,
                            pair.truth.path.string(), truth.frames * truth.depth, a.height, a.width));
  for (std::size_t i = 0; i < truth.labels.size(); ++i)
    images.push_back({pair.truth.name + truth.suffixes[i], match_instances(truth.labels[i], prediction.labels[i])});
}

// The matches of all images at one threshold.
std::vector<Match> at_threshold(const std::vector<Matched>& images, std::size_t threshold) {
  std::vector<Match> matches;
  for (const Matched& image : images) matches.push_back(image.at[threshold]);
  return matches;
}

nlohmann::ordered_json to_json(const MatchScores& scores) {
  return {{"precision", scores.precision},
          {"recall", scores.recall},
          {"f1", scores.f1},
          {"ap", scores.accuracy},
          {"mean_true_score", scores.mean_true_score},
          {"mean_matched_score", scores.mean_matched_score},
          {"panoptic_quality", scores.panoptic_quality}};
}

nlohmann::ordered_json to_json(const Match& match) {
  nlohmann::ordered_json json = {
      {"tp", match.true_positives}, {"fp", match.false_positives}, {"fn", match.false_negatives}};
  json.update(to_json(scores(match)));
  return json;
}

nlohmann::ordered_json to_json(const std::vector<Match>& at) {
  nlohmann::ordered_json json = {{"true_objects", at.front().true_objects()},
                                 {"predicted_objects", at.front().predicted_objects()},
                                 {"thresholds", nlohmann::ordered_json::array()}};
  for (std::size_t i = 0; i < at.size(); ++i) {
    nlohmann::ordered_json entry = {{"iou", kMatchThresholds[i]}};
    entry.update(to_json(at[i]));
    json["thresholds"].push_back(std::move(entry));
  }
  return json;
}

std::string to_json(const std::vector<Matched>& images) {
  nlohmann::ordered_json json;
  std::vector<Match> total;
  json["mean"]["thresholds"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < kMatchThresholds.size(); ++i) {
    const std::vector<Match> matches = at_threshold(images, i);
    total.push_back(sum(matches));
    nlohmann::ordered_json entry = {{"iou", kMatchThresholds[i]}};
    entry.update(to_json(mean_scores(matches)));
    json["mean"]["thresholds"].push_back(std::move(entry));
  }
  json["all"] = to_json(total);
  json["images"] = nlohmann::ordered_json::array();
  for (const Matched& image : images) {
    nlohmann::ordered_json entry = {{"name", image.name}};
    entry.update(to_json(image.at));
    json["images"].push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

void print_row(const std::string& name, std::size_t width, const std::vector<Match>& at,
               const std::vector<MatchScores>& scores) {
  fmt::print("{:{}}  {:5}  {:9}  {:9.4f}  {:6.4f}  {:6.4f}", name, width, at.front().true_objects(),
             at.front().predicted_objects(), scores.front().precision, scores.front().recall, scores.front().f1);
  for (const MatchScores& score : scores) fmt::print("  {:6.4f}", score.accuracy);
  fmt::print("\n");
}

void print_table(const std::vector<Matched>& images) {
  std::size_t width = 5;
  for (const Matched& image : images) width = std::max(width, image.name.size());
  fmt::print("{:{}}   true  predicted  precision  recall      F1", "image", width);
  for (const double threshold : kMatchThresholds) fmt::print(" AP@{:.2f}", threshold);
  fmt::print("\n");
  for (const Matched& image : images) {
    std::vector<MatchScores> each;
    for (const Match& match : image.at) each.push_back(scores(match));
    print_row(image.name, width, image.at, each);
  }
  std::vector<Match> total;
  std::vector<MatchScores> means, of_total;
  for (std::size_t i = 0; i < kMatchThresholds.size(); ++i) {
    const std::vector<Match> matches = at_threshold(images, i);
    total.push_back(sum(matches));
    of_total.push_back(scores(total.back()));
    means.push_back(mean_scores(matches));
  }
  print_row("mean", width, total, means);
  print_row("all", width, total, of_total);
}

void run_match(const MatchArguments& arguments) {
  const std::vector<Pair> pairs = pair_files(arguments.predictions, arguments.masks, arguments.labels.volumes);
  std::vector<Matched> images;
  Progress progress("images", static_cast<std::int64_t>(pairs.size()));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    match_files(pairs[i], arguments.labels.reading(), images);
    progress.update(static_cast<std::int64_t>(i + 1), pairs[i].truth.name);
  }
  progress.clear();
  if (arguments.json == "-") {
    fmt::print("{}", to_json(images));
    return;
  }
  if (!arguments.json.empty()) os::write_file(arguments.json, to_json(images));
  print_table(images);
}

}  // namespace

void add_match_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "match",
      "Compare predicted objects, of any program, with true ones as StarDist and Cellpose do. Precision, recall and F1 "
      "are those at IoU 0.5; AP is tp / (tp + fp + fn). \"mean\" is the mean over images where there are objects, "
      "\"all\" is of the objects of all images together");
  const auto arguments = std::make_shared<MatchArguments>();
  command->add_option("predictions", arguments->predictions, "folder of predicted masks, or one file")
      ->required()
      ->type_name("PREDICTIONS");
  command
      ->add_option("masks", arguments->masks,
                   "folder of true masks, paired by name without _mask, _masks, _label, _labels, _cp_masks, _instances")
      ->required()
      ->type_name("MASKS");
  command->add_option("--json", arguments->json, "write all scores as JSON; - is the standard output")
      ->type_name("FILE|-");
  add_label_options(*command, arguments->labels);
  command->callback([arguments] { run_match(*arguments); });
}

}  // namespace tuff
