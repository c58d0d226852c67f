// Expected numbers are worked out by hand; those of whole comparisons were seen again in StarDist 0.9.2.
#include "instances/matching.h"

#include <doctest/doctest.h>

#include "base/philox.h"
#include "support/files.h"

namespace tuff {
namespace {

Labels labels_of(std::int64_t width, std::vector<std::int32_t> ids) {
  Labels labels(1, static_cast<std::int64_t>(ids.size()) / width, width);
  labels.ids = std::move(ids);
  return labels;
}

// Four objects each. 1 and 7: 6 of 8 pixels, IoU 3/4. 2 and 4: 6 of 8, 3/4. 3 and 8: 3 of 6, 1/2; 3 and 9: 3 of 7. 5:
// none.
const Labels kTruth = labels_of(10, {1, 1, 1, 1, 0, 0, 0, 0, 0, 0,  //
                                     1, 1, 1, 1, 0, 2, 2, 2, 0, 0,  //
                                     0, 0, 0, 0, 0, 2, 2, 2, 0, 5,  //
                                     3, 3, 3, 3, 3, 3, 0, 0, 0, 5});
const Labels kPrediction = labels_of(10, {7, 7, 7, 0, 0, 0, 0, 0, 0, 0,  //
                                          7, 7, 7, 0, 0, 4, 4, 4, 4, 0,  //
                                          0, 0, 0, 0, 0, 4, 4, 4, 4, 0,  //
                                          8, 8, 8, 9, 9, 9, 9, 0, 0, 0});

// The nearest pair is (1, 2) with 5/11, which would leave both others alone: (1, 1) and (2, 2) have 3/8 each.
const Labels kCrossedTruth = labels_of(11, {1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2});
const Labels kCrossedPrediction = labels_of(11, {1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2});

}  // namespace

TEST_CASE("matching: the IoU matrix without its zeros") {
  const Overlaps overlaps = find_overlaps(kTruth, kPrediction);
  CHECK(overlaps.true_ids == std::vector<std::int32_t>{1, 2, 3, 5});
  CHECK(overlaps.true_areas == std::vector<std::int64_t>{8, 6, 6, 2});
  CHECK(overlaps.predicted_ids == std::vector<std::int32_t>{4, 7, 8, 9});
  CHECK(overlaps.predicted_areas == std::vector<std::int64_t>{8, 6, 3, 4});
  const std::vector<Overlap> pairs = {{0, 1, 6, 0.75}, {1, 0, 6, 0.75}, {2, 2, 3, 0.5}, {2, 3, 3, 3.0 / 7}};
  CHECK(overlaps.pairs == pairs);
}

TEST_CASE("matching: counts and scores at each threshold") {
  const Overlaps overlaps = find_overlaps(kTruth, kPrediction);
  for (const double threshold : {0.1, 0.3, 0.5}) {
    CAPTURE(threshold);
    CHECK(match_at(overlaps, threshold) == Match{3, 1, 1, 2});
  }
  CHECK(match_at(overlaps, 0.6) == Match{2, 2, 2, 1.5});
  CHECK(match_at(overlaps, 0.75) == Match{2, 2, 2, 1.5});
  CHECK(match_at(overlaps, 0.8) == Match{0, 4, 4, 0});
  const MatchScores at_half = scores(match_at(overlaps, 0.5));
  CHECK(at_half.precision == 0.75);
  CHECK(at_half.recall == 0.75);
  CHECK(at_half.f1 == 0.75);
  CHECK(at_half.accuracy == 0.6);
  CHECK(at_half.mean_true_score == 0.5);
  CHECK(at_half.mean_matched_score == doctest::Approx(2.0 / 3));
  CHECK(at_half.panoptic_quality == 0.5);
  CHECK(scores(match_at(overlaps, 0.6)).panoptic_quality == 0.375);
  CHECK(scores(match_at(overlaps, 0.8)) == MatchScores{});
}

TEST_CASE("matching: below one half the number of pairs decides, not the nearest pair") {
  const Overlaps overlaps = find_overlaps(kCrossedTruth, kCrossedPrediction);
  CHECK(match_at(overlaps, 0.3) == Match{2, 0, 0, 0.75});
  CHECK(match_at(overlaps, 0.4) == Match{1, 1, 1, 5.0 / 11});
}

TEST_CASE("matching: at one half two objects may share a partner, which counts once") {
  const std::vector<Match> halves = match_instances(labels_of(4, {3, 3, 3, 3}), labels_of(4, {1, 1, 2, 2}));
  CHECK(halves[0] == Match{1, 1, 0, 0.5});
  CHECK(halves[1] == Match{0, 2, 1, 0});
}

TEST_CASE("matching: ids don't matter, objects do") {
  PhiloxStream random(3);
  Labels truth(2, 20, 30);
  for (std::int32_t& id : truth.ids) id = static_cast<std::int32_t>(random.below(6));
  Labels renamed = truth;
  for (std::int32_t& id : renamed.ids) id = id == 0 ? 0 : 16777000 - 1000 * id;
  for (const Match& match : match_instances(truth, renamed)) CHECK(match == Match{5, 0, 0, 5});
}

TEST_CASE("matching: nothing there, nothing found") {
  const Labels none(1, 2, 2), one = labels_of(2, {1, 0, 0, 0});
  CHECK(match_instances(none, none)[0].empty());
  CHECK(match_instances(one, none)[0] == Match{0, 0, 1, 0});
  CHECK(match_instances(none, one)[0] == Match{0, 1, 0, 0});
  CHECK(scores(Match{}) == MatchScores{});
  CHECK(test::contains(test::error_of([&] { find_overlaps(none, Labels(1, 2, 3)); }), "1x2x3"));
}

TEST_CASE("matching: several images, by counts and by means") {
  const std::vector<Match> images = {match_instances(kTruth, kPrediction)[0],
                                     match_instances(kCrossedTruth, kCrossedPrediction)[0], Match{}};
  const Match total = sum(images);
  CHECK(total == Match{3, 3, 3, 2});
  CHECK(scores(total).accuracy == doctest::Approx(1.0 / 3));
  CHECK(scores(total).mean_true_score == doctest::Approx(1.0 / 3));
  CHECK(scores(total).mean_matched_score == doctest::Approx(2.0 / 3));
  const MatchScores mean = mean_scores(images);  // of two: the third has nothing to say
  CHECK(mean.accuracy == doctest::Approx(0.3));
  CHECK(mean.precision == doctest::Approx(0.375));
  CHECK(mean.panoptic_quality == doctest::Approx(0.25));
  CHECK(mean_scores({}) == MatchScores{});
}

}  // namespace tuff
