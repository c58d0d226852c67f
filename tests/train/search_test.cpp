#include "train/search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "support/files.h"

namespace tuff::test {
namespace {

std::vector<Variation> variations_of(const std::vector<std::string>& texts) {
  std::vector<Variation> variations;
  for (const std::string& text : texts) variations.push_back(parse_variation(text, default_options("unet")));
  return variations;
}

std::string refusal(const std::string& text) {
  return error_of([&] { parse_variation(text, default_options("unet")); });
}

// Trains trials by what they would score in each epoch; gives how many epochs each had, in order of its end.
std::vector<std::size_t> play(const std::vector<std::vector<double>>& scores, StopRule rule, std::int64_t epochs) {
  std::vector<Trial> trials(scores.size());
  std::optional<Turn> turn = next_turn(trials, epochs, rule);
  for (int steps = 0; turn && steps < 1000; ++steps) {
    Trial& trial = trials[turn->trial];
    REQUIRE(static_cast<std::int64_t>(trial.scores.size()) < turn->epochs);
    trial.scores.push_back(scores[turn->trial][trial.scores.size()]);
    turn = next_turn(trials, epochs, rule);
  }
  CHECK(!turn);
  std::vector<std::size_t> lengths;
  for (const Trial& trial : trials) lengths.push_back(trial.scores.size());
  return lengths;
}

}  // namespace

TEST_CASE("search: what may vary, and how it is said") {
  const std::vector<Variation> all =
      variations_of({"base=8,16", "augment=flip,rot90|none", "lr=log:1e-4..1e-2", "dropout=0..0.5", "depth=2..4"});
  CHECK(all[0].choices == std::vector<std::string>{"8", "16"});
  CHECK(all[1].choices == std::vector<std::string>{"flip,rot90", "none"});
  CHECK((all[2].logarithmic && all[2].low == 1e-4 && all[2].high == 1e-2 && !all[2].whole));
  CHECK((!all[3].logarithmic && all[3].high == 0.5));
  CHECK((all[4].whole && all[4].low == 2));
  CHECK(contains(refusal("lr"), "say between what"));
  CHECK(contains(refusal("bass=1,2"), "there is no such option; did you mean base?"));
  CHECK(contains(refusal("rays=8,16"), "is no option of unet"));
  for (const char* fixed : {"seed=1,2", "epochs=1,2", "val-fraction=0.1,0.2", "out=a,b", "images=a,b"})
    CHECK(contains(refusal(fixed), "must be the same for all trials"));
  CHECK(contains(refusal("base=8,many"), "--base: \"many\" is not a whole number"));
  CHECK(contains(refusal("norm=batch,layer"), "is none of"));
  CHECK(contains(refusal("lr=1e-2..1e-4"), "isn't below"));
  CHECK(contains(refusal("dropout=log:0..0.5"), "begins above 0"));
  CHECK(contains(refusal("dropout=0..2"), "out of range"));
}

TEST_CASE("search: a grid has every combination once, and no ranges") {
  const std::vector<Assignment> trials = grid_trials(variations_of({"base=8,16", "norm=batch,group,none"}));
  REQUIRE(trials.size() == 6);
  CHECK(trials[0] == Assignment{{"base", "8"}, {"norm", "batch"}});
  CHECK(trials[1] == Assignment{{"base", "8"}, {"norm", "group"}});
  CHECK(trials[5] == Assignment{{"base", "16"}, {"norm", "none"}});
  CHECK(contains(error_of([] { grid_trials(variations_of({"lr=log:1e-4..1e-2"})); }), "a grid needs values"));
}

TEST_CASE("search: random trials fill their ranges, evenly by the logarithm where that is asked for") {
  const std::vector<Variation> variations =
      variations_of({"lr=log:1e-4..1e-2", "dropout=0.1..0.5", "depth=2..4", "norm=batch,none"});
  const std::vector<Assignment> trials = random_trials(variations, 600, 7);
  std::int64_t small_rates = 0, small_dropouts = 0;
  std::map<std::string, std::int64_t> depths, norms;
  for (const Assignment& trial : trials) {
    const double rate = std::stod(trial[0].second), dropout = std::stod(trial[1].second);
    CHECK((rate >= 1e-4 && rate <= 1e-2 && dropout >= 0.1 && dropout <= 0.5));
    small_rates += rate < 1e-3 ? 1 : 0;
    small_dropouts += dropout < 0.3 ? 1 : 0;
    ++depths[trial[2].second];
    ++norms[trial[3].second];
  }
  // Five deviations of the binomial distribution.
  CHECK(std::abs(small_rates - 300) < 62);
  CHECK(std::abs(small_dropouts - 300) < 62);
  CHECK(std::abs(norms["none"] - 300) < 62);
  for (const char* depth : {"2", "3", "4"}) CHECK(std::abs(depths[depth] - 200) < 58);
  CHECK(std::set<Assignment>(trials.begin(), trials.end()).size() == trials.size());
}

TEST_CASE("search: the seed decides, and more trials begin with the same ones") {
  const std::vector<Variation> variations = variations_of({"lr=log:1e-4..1e-2", "base=8,16"});
  const std::vector<Assignment> few = random_trials(variations, 5, 1), more = random_trials(variations, 9, 1);
  CHECK(std::equal(few.begin(), few.end(), more.begin()));
  CHECK(few != random_trials(variations, 5, 2));
  const std::vector<Variation> choices = variations_of({"base=8,16", "norm=batch,none"});
  CHECK(random_trials(choices, 4, 1).size() == 4);
  CHECK(contains(error_of([&] { random_trials(choices, 5, 1); }), "--trials 5: there are only about 4"));
}

TEST_CASE("search: without a rule every trial goes to its end") {
  CHECK(play({{1, 1}, {0, 0}, {2, 2}}, StopRule::none, 2) == std::vector<std::size_t>{2, 2, 2});
}

TEST_CASE("search: by the median rule a trial ends below the median of three earlier ones") {
  // The first three always train; means of the first two epochs: 5.5, 4.5, 6.5.
  const std::vector<std::vector<double>> scores = {
      {5, 6, 7}, {4, 5, 6}, {6, 7, 8}, {1, 1, 9},  // below the median 5 after one epoch
      {5, 5, 5},                                   // 5 isn't below 4.5, the median of four; then 5 is below 5.5
      {7, 0, 0}};                                  // its best counts
  CHECK(play(scores, StopRule::median, 3) == std::vector<std::size_t>{3, 3, 3, 1, 2, 3});
  const std::vector<Trial> ended = {{{9, 9, 9}, false}, {{}, true}, {{1}, true}};
  CHECK(!next_turn(ended, 3, StopRule::median));
}

TEST_CASE("search: by halving the best third goes on, three times as long") {
  CHECK(halving_rounds(9, 9) == std::vector<std::int64_t>{1, 3, 9});
  CHECK(halving_rounds(3, 9) == std::vector<std::int64_t>{3, 9});
  CHECK(halving_rounds(9, 2) == std::vector<std::int64_t>{1, 2});
  CHECK(halving_rounds(1, 9) == std::vector<std::int64_t>{9});
  std::vector<std::vector<double>> scores;
  for (int trial = 0; trial < 9; ++trial) scores.emplace_back(9, trial == 4 ? 100 : trial);
  scores[8] = {8, 9, 200, 0, 0, 0, 0, 0, 0};  // best after the second round
  CHECK(play(scores, StopRule::halving, 9) == std::vector<std::size_t>{1, 1, 1, 1, 3, 1, 1, 3, 9});
  // Failed trials take no turn, and lose to any other.
  std::vector<Trial> failed(3, Trial{{}, true});
  CHECK(!next_turn(failed, 9, StopRule::halving));
  failed[1] = {};
  CHECK(next_turn(failed, 9, StopRule::halving) == Turn{1, 3});
}

TEST_CASE("search: scores that are no numbers are never the best") {
  CHECK(best_score(std::vector<double>{NAN, -3, NAN}) == -3);
  CHECK(best_score({}) == std::numeric_limits<double>::lowest());
}

TEST_CASE("search: the command has what differs from the defaults, for a shell") {
  TrainOptions options = default_options("unet");
  options.images = "my images";
  options.masks = "it's/masks";
  options.lr = 0.003;
  options.attention = true;
  options.out = "elsewhere";
  CHECK(command_line(options) ==
        "tuff train unet --images 'my images' --masks 'it'\\''s/masks' --attention --lr 0.003");
}

}  // namespace tuff::test
