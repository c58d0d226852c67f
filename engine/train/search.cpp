#include "train/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/number.h"
#include "base/philox.h"
#include "base/random_use.h"

namespace tuff {
namespace {

constexpr std::int64_t kThird = 3;        // of halving
constexpr std::size_t kLeastOthers = 3;   // of the median rule
constexpr std::int64_t kMostDraws = 100;  // for a trial unlike those before

// What a trial is judged by, or how long it trains: scores would no longer compare.
constexpr std::string_view kFixed[] = {
    "val-fraction", "val-last",      "val-images", "val-masks", "val-targets", "folds",   "fold",
    "steps",        "epochs",        "seed",       "images",    "masks",       "targets", "test-fraction",
    "classes",      "foreground",    "labels",     "undefined", "boundary",    "centers", "balance",
    "noise",        "noisy-targets", "scale",      "normalize", "replace-nan", "dims",    "channels",
    "axes",         "size",          "fit",        "likelihood"};

void check_option(std::string_view name, const TrainOptions& options) {
  const TrainField* field = find_field(name);
  if (field == nullptr) {
    std::vector<std::string> names;
    for (const TrainField& known : train_fields()) names.emplace_back(known.name);
    const std::string nearest = nearest_word(name, names);
    throw Error(fmt::format("--vary {}: there is no such option{}", name,
                            nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
  }
  if (!applies(*field, options.model)) throw Error(fmt::format("--vary {}: is no option of {}", name, options.model));
  if (field->kept != TrainField::Kept::model || std::ranges::find(kFixed, name) != std::end(kFixed) || field->hidden)
    throw Error(fmt::format("--vary {}: must be the same for all trials, or they can't be compared", name));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string text_of(const Variation& variation, double value) {
  return variation.whole ? fmt::format("{}", static_cast<std::int64_t>(std::lround(value)))
                         : fmt::format("{:.3g}", value);
}

std::string draw(const Variation& variation, PhiloxStream& random) {
  if (!variation.choices.empty())
    return variation.choices[random.below(static_cast<std::uint32_t>(variation.choices.size()))];
  // Each whole number has an interval around it of the same width.
  const double low = variation.whole ? variation.low - 0.5 : variation.low;
  const double high = variation.whole ? variation.high + 0.5 : variation.high;
  const double value =
      variation.logarithmic ? std::exp(random.uniform(std::log(low), std::log(high))) : random.uniform(low, high);
  return text_of(variation, std::clamp(value, variation.low, variation.high));
}

double mean_of(std::span<const double> scores) {
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

// Below the median of earlier trials, each by the mean of as many epochs.
bool falls_behind(std::span<const Trial> trials, std::size_t trial) {
  const std::vector<double>& scores = trials[trial].scores;
  if (scores.empty()) return false;
  std::vector<double> others;
  for (const Trial& other : trials.first(trial))
    if (other.scores.size() >= scores.size()) others.push_back(mean_of(std::span(other.scores).first(scores.size())));
  if (others.size() < kLeastOthers) return false;
  std::ranges::sort(others);
  const std::size_t half = others.size() / 2;
  const double median = others.size() % 2 == 1 ? others[half] : (others[half - 1] + others[half]) / 2;
  return best_score(scores) < median;
}

bool trains(const Trial& trial, std::int64_t epochs) {
  return !trial.ended && static_cast<std::int64_t>(trial.scores.size()) < epochs;
}

std::optional<Turn> next_by_halving(std::span<const Trial> trials, std::int64_t epochs) {
  std::vector<std::size_t> contenders(trials.size());
  std::iota(contenders.begin(), contenders.end(), std::size_t{0});
  for (const std::int64_t round : halving_rounds(trials.size(), epochs)) {
    for (const std::size_t trial : contenders)
      if (trains(trials[trial], round)) return Turn{trial, round};
    const auto score = [&](std::size_t trial) {
      const std::span<const double> all = trials[trial].scores;
      return best_score(all.first(std::min(all.size(), static_cast<std::size_t>(round))));
    };
    std::ranges::stable_sort(contenders, std::greater<>{}, score);
    contenders.resize((contenders.size() + kThird - 1) / kThird);
    std::ranges::sort(contenders);
  }
  return {};
}

}  // namespace

Variation parse_variation(std::string_view text, const TrainOptions& options) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals + 1 == text.size())
    throw Error(fmt::format("--vary {}: say between what, as in base=8,16,32 or lr=log:1e-4..1e-2", text));
  Variation result{.option = std::string(text.substr(0, equals))};
  check_option(result.option, options);
  const TrainField& field = *find_field(result.option);
  std::string_view values = text.substr(equals + 1);
  TrainOptions tried = options;
  const bool number = !std::holds_alternative<std::string TrainOptions::*>(field.member);
  const std::size_t dots = number ? values.find("..") : values.npos;
  if (dots == values.npos) {
    result.choices = split(values, values.find('|') == values.npos ? ',' : '|');
    for (const std::string& choice : result.choices) set_field(tried, result.option, choice);
    return result;
  }
  result.logarithmic = values.starts_with("log:");
  result.whole = std::holds_alternative<std::int64_t TrainOptions::*>(field.member);
  const std::size_t first = result.logarithmic ? 4 : 0;
  const std::string low(values.substr(first, dots - first)), high(values.substr(dots + 2));
  set_field(tried, result.option, low);
  set_field(tried, result.option, high);
  parse_number(low, result.low);
  parse_number(high, result.high);
  if (!(result.low < result.high)) throw Error(fmt::format("--vary {}: {} isn't below {}", text, low, high));
  if (result.logarithmic && result.low <= 0) throw Error(fmt::format("--vary {}: a range by log begins above 0", text));
  return result;
}

std::vector<Assignment> grid_trials(std::span<const Variation> variations) {
  std::vector<Assignment> trials = {{}};
  for (const Variation& variation : variations) {
    if (variation.choices.empty())
      throw Error(fmt::format("--vary {}: a grid needs values such as {}={:.3g},{:.3g}; ranges go with --method random",
                              variation.option, variation.option, variation.low, variation.high));
    std::vector<Assignment> longer;
    for (const Assignment& trial : trials)
      for (const std::string& choice : variation.choices) {
        longer.push_back(trial);
        longer.back().emplace_back(variation.option, choice);
      }
    trials = std::move(longer);
  }
  return trials;
}

std::vector<Assignment> random_trials(std::span<const Variation> variations, std::int64_t count, std::uint64_t seed) {
  std::vector<Assignment> trials;
  std::int64_t misses = 0;
  for (std::uint32_t number = 0; static_cast<std::int64_t>(trials.size()) < count; ++number) {
    PhiloxStream random(seed, number, 0, static_cast<std::uint32_t>(RandomUse::search));
    Assignment trial;
    for (const Variation& variation : variations) trial.emplace_back(variation.option, draw(variation, random));
    const bool known = std::ranges::find(trials, trial) != trials.end();
    misses = known ? misses + 1 : 0;
    if (misses > kMostDraws * static_cast<std::int64_t>(1 + trials.size()))
      throw Error(fmt::format("--trials {}: there are only about {} different ones; use fewer, or --method grid", count,
                              trials.size()));
    if (!known) trials.push_back(std::move(trial));
  }
  return trials;
}

StopRule parse_stop_rule(std::string_view name) {
  if (name == "none") return StopRule::none;
  if (name == "median") return StopRule::median;
  if (name == "halving") return StopRule::halving;
  throw Error(fmt::format("--stop: \"{}\" is none of median, halving, none", name));
}

std::optional<Turn> next_turn(std::span<const Trial> trials, std::int64_t epochs, StopRule rule) {
  if (rule == StopRule::halving) return next_by_halving(trials, epochs);
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    if (trains(trials[trial], epochs) && !(rule == StopRule::median && falls_behind(trials, trial)))
      return Turn{trial, epochs};
  return {};
}

std::vector<std::int64_t> halving_rounds(std::size_t trials, std::int64_t epochs) {
  std::vector<std::int64_t> rounds = {epochs};
  for (std::size_t left = trials; left > 1 && rounds.front() > 1; left = (left + kThird - 1) / kThird)
    rounds.insert(rounds.begin(), (rounds.front() + kThird - 1) / kThird);
  return rounds;
}

double best_score(std::span<const double> scores) {
  double best = std::numeric_limits<double>::lowest();
  for (const double score : scores)
    if (score > best) best = score;
  return best;
}

std::string command_line(const TrainOptions& options) {
  const TrainOptions defaults = default_options(options.model);
  std::string text = fmt::format("tuff train {}", options.model);
  for (const TrainField& field : train_fields()) {
    if (field.name == "model" || field.kept == TrainField::Kept::never || !applies(field, options.model)) continue;
    const std::string value = field_text(options, field);
    if (value == field_text(defaults, field)) continue;
    text += fmt::format(" --{}", field.name);
    if (std::holds_alternative<bool TrainOptions::*>(field.member)) continue;
    const bool plain = value.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%") == value.npos;
    std::string quoted;
    for (const char character : value) quoted += character == '\'' ? "'\\''" : std::string(1, character);
    text += plain && !value.empty() ? " " + value : " '" + quoted + "'";
  }
  return text;
}

}  // namespace tuff
