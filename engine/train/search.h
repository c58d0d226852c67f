// Search for hyperparameters: which values trials have, and which trial goes on. Both are functions of their arguments
// alone, so that a search that was interrupted goes on as if it hadn't been.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "train/options.h"

namespace tuff {

// An option that differs between trials: one of some values, or any of a range.
struct Variation {
  std::string option;
  std::vector<std::string> choices;  // as typed; empty: a range
  double low = 0;
  double high = 0;
  bool logarithmic = false;  // equally likely in each power of ten
  bool whole = false;        // integers alone, both ends among them
};

// "base=8,16,32", "augment=flip,rot90|none" (where a value has commas), "dropout=0..0.5", "lr=log:1e-4..1e-2". Error
// naming the option: there is none, the network hasn't it, it mustn't differ between trials that are compared, a value
// that it can't have.
Variation parse_variation(std::string_view text, const TrainOptions& options);

using Assignment = std::vector<std::pair<std::string, std::string>>;  // option, text; of one trial

// All combinations, the last option changing fastest. Error where one is a range.
std::vector<Assignment> grid_trials(std::span<const Variation> variations);

// Drawn independently, no two alike; numbers have three digits. The first of a longer list are those of a shorter one.
// Error where there aren't so many.
std::vector<Assignment> random_trials(std::span<const Variation> variations, std::int64_t count, std::uint64_t seed);

enum class StopRule : std::uint8_t {
  none,
  // A trial ends whose best score so far is below the median of the mean scores until then of the earlier trials that
  // got as far, where there are three (Golovin et al. 2017, "Google Vizier", there of trials that were completed).
  median,
  // All train for a short while, the best third three times as long, and so on (successive halving, Jamieson and
  // Talwalkar 2016, by thirds as in Li et al. 2018).
  halving,
};

StopRule parse_stop_rule(std::string_view name);  // Error lists the names

struct Trial {
  std::vector<double> scores;  // of each epoch so far, higher is better
  bool ended = false;          // it failed, or ended by itself
};

// A trial trains until the end of an epoch.
struct Turn {
  std::size_t trial = 0;
  std::int64_t epochs = 0;
  bool operator==(const Turn&) const = default;
};

// Which is next, of trials of so many epochs; none where the search is over. A trial that is training goes on for as
// long as this names it.
std::optional<Turn> next_turn(std::span<const Trial> trials, std::int64_t epochs, StopRule rule);

// The ends of halving's rounds, the last of them `epochs`.
std::vector<std::int64_t> halving_rounds(std::size_t trials, std::int64_t epochs);

// The highest of the first so many; lowest() of none. Scores that are no numbers don't count.
double best_score(std::span<const double> scores);

// `tuff train NETWORK ...` with all options that aren't the network's defaults, for a shell.
std::string command_line(const TrainOptions& options);

}  // namespace tuff
