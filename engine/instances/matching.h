// Predicted objects compared with true ones, by the definitions of StarDist's stardist.matching (criterion "iou") and
// Cellpose's cellpose.metrics.average_precision: two objects match where their intersection over union is at least a
// threshold; of all assignments of one object to one, the one with most matches counts, and of those the one with the
// largest sum of IoU. Both programs' numbers come from the same counts.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "instances/labels.h"

namespace tuff {

// 0.5 to 0.9, as tables of AP usually have them.
inline constexpr std::array<double, 9> kMatchThresholds = {0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9};

// A true and a predicted object that share pixels, by their places in Overlaps' lists.
struct Overlap {
  std::int32_t truth = 0;
  std::int32_t prediction = 0;
  std::int64_t pixels = 0;  // of the intersection
  double iou = 0;           // pixels / (area of the one + area of the other - pixels)
  bool operator==(const Overlap&) const = default;
};

// The IoU matrix of two images of ids, without its zeros.
struct Overlaps {
  std::vector<std::int32_t> true_ids;       // sorted, without the background
  std::vector<std::int32_t> predicted_ids;  // sorted
  std::vector<std::int64_t> true_areas;     // pixels, in the order of the ids
  std::vector<std::int64_t> predicted_areas;
  std::vector<Overlap> pairs;  // sorted by truth, then prediction
};

// One pass over the pixels. Error where the extents differ.
Overlaps find_overlaps(const Labels& truth, const Labels& prediction);

// What matches at one threshold, in one image or in several together.
struct Match {
  std::int64_t true_positives = 0;   // tp: pairs
  std::int64_t false_positives = 0;  // fp: predicted objects without a true one
  std::int64_t false_negatives = 0;  // fn: true objects that weren't found
  double matched_iou = 0;            // sum over the pairs

  std::int64_t true_objects() const { return true_positives + false_negatives; }
  std::int64_t predicted_objects() const { return true_positives + false_positives; }
  // Nothing to find, nothing found: the scores are 0 as StarDist has them, but say nothing.
  bool empty() const { return true_objects() + predicted_objects() == 0; }
  Match& operator+=(const Match& other);
  bool operator==(const Match&) const = default;
};

// Quotients whose divisor is 0 are 0, as in StarDist.
struct MatchScores {
  double precision = 0;           // tp / (tp + fp)
  double recall = 0;              // tp / (tp + fn)
  double f1 = 0;                  // 2 tp / (2 tp + fp + fn)
  double accuracy = 0;            // tp / (tp + fp + fn): the "average precision" (AP) of Cellpose and StarDist
  double mean_true_score = 0;     // sum of the pairs' IoU / true objects
  double mean_matched_score = 0;  // sum of the pairs' IoU / tp
  double panoptic_quality = 0;    // sum of the pairs' IoU / (tp + fp / 2 + fn / 2), Kirillov et al., CVPR 2019, eq. 1
  bool operator==(const MatchScores&) const = default;
};

// `threshold` is above 0 and at most 1 (asserted). Above 0.5 an object has only one partner that reaches it, so pairs
// are unique; up to and with 0.5 they are assigned.
Match match_at(const Overlaps& overlaps, double threshold);

// One a threshold.
std::vector<Match> match_instances(const Labels& truth, const Labels& prediction,
                                   std::span<const double> thresholds = kMatchThresholds);

MatchScores scores(const Match& match);

// Of several images at one threshold: of their summed counts, as StarDist's matching_dataset(by_image=False).
Match sum(std::span<const Match> images);
// The mean of the images' scores, as of Cellpose's average_precision and StarDist's by_image=True. Images where nothing
// is and nothing was found are left out (Cellpose's scores of them are NaN); all zero where no image is left.
MatchScores mean_scores(std::span<const Match> images);

}  // namespace tuff
