#include "instances/matching.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "instances/assignment.h"

namespace tuff {
namespace {

// Neighbouring pixels with the same two ids.
struct Run {
  std::int32_t truth = 0;
  std::int32_t prediction = 0;
  std::int64_t pixels = 0;
};

std::vector<Run> find_runs(const Labels& truth, const Labels& prediction) {
  std::vector<Run> runs;
  Run run;
  for (std::size_t i = 0; i < truth.ids.size(); ++i) {
    if (truth.ids[i] != run.truth || prediction.ids[i] != run.prediction) {
      if (run.truth != 0 || run.prediction != 0) runs.push_back(run);
      run = {truth.ids[i], prediction.ids[i], 0};
    }
    ++run.pixels;
  }
  if (run.truth != 0 || run.prediction != 0) runs.push_back(run);
  return runs;
}

// Runs with the same two ids become one; sorted by them.
void join(std::vector<Run>& runs) {
  const auto ids = [](const Run& run) { return std::tie(run.truth, run.prediction); };
  std::ranges::sort(runs, {}, ids);
  std::size_t kept = 0;
  for (const Run& run : runs) {
    if (kept > 0 && ids(runs[kept - 1]) == ids(run))
      runs[kept - 1].pixels += run.pixels;
    else
      runs[kept++] = run;
  }
  runs.resize(kept);
}

void list_ids(const std::vector<Run>& runs, std::int32_t Run::*id, std::vector<std::int32_t>& ids,
              std::vector<std::int64_t>& areas) {
  for (const Run& run : runs)
    if (run.*id != 0) ids.push_back(run.*id);
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  areas.assign(ids.size(), 0);
  for (const Run& run : runs)
    if (run.*id != 0)
      areas[static_cast<std::size_t>(std::ranges::lower_bound(ids, run.*id) - ids.begin())] += run.pixels;
}

std::int32_t place_of(const std::vector<std::int32_t>& ids, std::int32_t id) {
  return static_cast<std::int32_t>(std::ranges::lower_bound(ids, id) - ids.begin());
}

double quotient(double dividend, double divisor) {
  return divisor > 0 ? dividend / divisor : 0;
}

// A match more is worth more than all IoU together: those add up to half a match at most.
std::vector<Candidate> candidates_of(const Overlaps& overlaps, double threshold) {
  const double objects = static_cast<double>(std::min(overlaps.true_ids.size(), overlaps.predicted_ids.size()));
  std::vector<Candidate> candidates;
  for (const Overlap& pair : overlaps.pairs)
    candidates.push_back({pair.truth, pair.prediction, (pair.iou >= threshold ? 1 : 0) + pair.iou / (2 * objects)});
  return candidates;
}

}  // namespace

Overlaps find_overlaps(const Labels& truth, const Labels& prediction) {
  if (truth.depth != prediction.depth || truth.height != prediction.height || truth.width != prediction.width)
    throw Error(
        fmt::format("objects of {}x{}x{} pixels can't be compared with those of {}x{}x{}: extents must be equal",
                    prediction.depth, prediction.height, prediction.width, truth.depth, truth.height, truth.width));
  std::vector<Run> runs = find_runs(truth, prediction);
  join(runs);
  Overlaps overlaps;
  list_ids(runs, &Run::truth, overlaps.true_ids, overlaps.true_areas);
  list_ids(runs, &Run::prediction, overlaps.predicted_ids, overlaps.predicted_areas);
  for (const Run& run : runs) {
    if (run.truth == 0 || run.prediction == 0) continue;
    Overlap pair{place_of(overlaps.true_ids, run.truth), place_of(overlaps.predicted_ids, run.prediction), run.pixels,
                 0};
    const std::int64_t together = overlaps.true_areas[static_cast<std::size_t>(pair.truth)] +
                                  overlaps.predicted_areas[static_cast<std::size_t>(pair.prediction)] - run.pixels;
    pair.iou = static_cast<double>(run.pixels) / static_cast<double>(together);
    overlaps.pairs.push_back(pair);
  }
  return overlaps;
}

Match& Match::operator+=(const Match& other) {
  true_positives += other.true_positives;
  false_positives += other.false_positives;
  false_negatives += other.false_negatives;
  matched_iou += other.matched_iou;
  return *this;
}

Match match_at(const Overlaps& overlaps, double threshold) {
  assert(threshold > 0 && threshold <= 1);
  Match match;
  const auto count = [&](const Overlap& pair) {
    if (pair.iou < threshold) return;
    ++match.true_positives;
    match.matched_iou += pair.iou;
  };
  if (threshold > 0.5) {
    std::ranges::for_each(overlaps.pairs, count);
  } else {
    const std::vector<std::int32_t> partners =
        assign(static_cast<std::int64_t>(overlaps.true_ids.size()),
               static_cast<std::int64_t>(overlaps.predicted_ids.size()), candidates_of(overlaps, threshold));
    for (const Overlap& pair : overlaps.pairs)
      if (partners[static_cast<std::size_t>(pair.truth)] == pair.prediction) count(pair);
  }
  match.false_positives = static_cast<std::int64_t>(overlaps.predicted_ids.size()) - match.true_positives;
  match.false_negatives = static_cast<std::int64_t>(overlaps.true_ids.size()) - match.true_positives;
  return match;
}

std::vector<Match> match_instances(const Labels& truth, const Labels& prediction, std::span<const double> thresholds) {
  const Overlaps overlaps = find_overlaps(truth, prediction);
  std::vector<Match> matches;
  for (const double threshold : thresholds) matches.push_back(match_at(overlaps, threshold));
  return matches;
}

MatchScores scores(const Match& match) {
  const auto tp = static_cast<double>(match.true_positives);
  const auto fp = static_cast<double>(match.false_positives);
  const auto fn = static_cast<double>(match.false_negatives);
  return {.precision = quotient(tp, tp + fp),
          .recall = quotient(tp, tp + fn),
          .f1 = quotient(2 * tp, 2 * tp + fp + fn),
          .accuracy = quotient(tp, tp + fp + fn),
          .mean_true_score = quotient(match.matched_iou, tp + fn),
          .mean_matched_score = quotient(match.matched_iou, tp),
          .panoptic_quality = quotient(match.matched_iou, tp + fp / 2 + fn / 2)};
}

Match sum(std::span<const Match> images) {
  Match total;
  for (const Match& match : images) total += match;
  return total;
}

MatchScores mean_scores(std::span<const Match> images) {
  static constexpr double MatchScores::*kScores[] = {
      &MatchScores::precision,       &MatchScores::recall,          &MatchScores::f1,
      &MatchScores::accuracy,        &MatchScores::mean_true_score, &MatchScores::mean_matched_score,
      &MatchScores::panoptic_quality};
  MatchScores mean;
  double counted = 0;
  for (const Match& match : images) {
    if (match.empty()) continue;
    ++counted;
    const MatchScores image = scores(match);
    for (const auto score : kScores) mean.*score += image.*score;
  }
  for (const auto score : kScores) mean.*score = quotient(mean.*score, counted);
  return mean;
}

}  // namespace tuff
