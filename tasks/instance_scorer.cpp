#include "tasks/instance_scorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "instances/matching.h"
#include "io/components.h"

namespace tuff {
namespace {

constexpr std::size_t kThresholds = kMatchThresholds.size();

class InstanceScorer : public Scorer {
 public:
  std::vector<double> add(const Sample& sample, const DenseResult& result) override {
    const std::vector<Match> matches = match_instances(labels_of(sample), result.labels);
    for (std::size_t i = 0; i < kThresholds; ++i) sums_[i] += matches[i];
    return values(matches);
  }
  std::vector<double> total() const override { return values(sums_); }

 private:
  static std::vector<double> values(const std::vector<Match>& matches) {
    double average = 0;
    for (const Match& match : matches) average += scores(match).accuracy;
    const MatchScores half = scores(matches.front());
    const auto found = static_cast<double>(matches.front().predicted_objects());
    const auto real = static_cast<double>(matches.front().true_objects());
    return {half.accuracy, half.precision, half.recall, average / static_cast<double>(kThresholds),
            real > 0 ? (found - real) / real : found};
  }

  std::vector<Match> sums_ = std::vector<Match>(kThresholds);
};

}  // namespace

std::vector<Metric> instance_metrics() {
  return {{"val_ap50", "AP@0.5"},
          {"val_precision", "precision"},
          {"val_recall", "recall"},
          {"val_ap", "AP@0.5:0.9"},
          {"val_count_error", "count error"}};
}

std::unique_ptr<Scorer> instance_scorer() {
  return std::make_unique<InstanceScorer>();
}

Labels labels_of(const Sample& sample) {
  Labels labels(sample.image.depth, sample.image.height, sample.image.width);
  labels.ids = sample.labels;
  return labels;
}

void check_instances(const Dataset& dataset) {
  bool any = false, merged = false;  // an object; several under one id
  for (std::size_t item = 0; item < dataset.items.size(); ++item) {
    const Sample sample = load_sample(dataset, item);
    const auto first = std::ranges::find_if(sample.labels, [](std::int32_t id) { return id != 0; });
    if (first == sample.labels.end()) continue;
    any = true;
    if (std::any_of(first, sample.labels.end(), [&](std::int32_t id) { return id != 0 && id != *first; })) return;
    merged =
        merged || label_volume(sample.labels, sample.image.depth, sample.image.height, sample.image.width).count > 1;
  }
  if (!any) throw Error("--masks: the masks are empty: no object to learn from");
  if (merged)
    throw Error(
        "--masks: no mask has two objects with ids of their own; label the objects first: `tuff mask "
        "--instances`, or an editor that gives each a number");
}

}  // namespace tuff
