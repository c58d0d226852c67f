// The learning rate as a function of the step: a linear rise in the first steps, then one of these courses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tuff {

struct Schedule {
  enum class Kind : std::uint8_t {
    constant,
    cosine,     // a half cosine down to zero (Loshchilov and Hutter 2017, without restarts)
    step,       // times `factor` after each third
    plateau,    // times `factor` for each of `reductions`
    one_cycle,  // up from a 25th along a half cosine for 30 % of the steps, then down to a 250,000th; no warm-up
                // (Smith and Topin 2018; the numbers are those of PyTorch's OneCycleLR)
  };
  Kind kind = Kind::constant;
  double learning_rate = 1e-3;  // the highest
  std::int64_t warmup = 0;      // steps
  std::int64_t steps = 1;       // the whole run, warm-up included
  double factor = 0.1;
  std::int64_t reductions = 0;  // Plateau::reductions so far

  // `step` counts from 0.
  double at(std::int64_t step) const;

  // "constant", "cosine", "step", "plateau", "one-cycle"; Error with the list of them otherwise.
  static Kind kind_named(std::string_view name);
};

// Counts how often validation stood still: PyTorch's ReduceLROnPlateau with threshold 0, by which any better score
// counts.
struct Plateau {
  std::optional<double> best;
  std::int64_t stale = 0;  // epochs since the best or the last reduction
  std::int64_t reductions = 0;

  // An epoch's score, higher is better. More than `patience` epochs without a better one are a reduction.
  void observe(double score, std::int64_t patience);
  bool operator==(const Plateau&) const = default;
};

// Early stopping: whether `patience` whole epochs have gone by since the one that ended with or held the step `best`.
// Never where patience is 0.
bool patience_spent(std::int64_t step, std::int64_t best, std::int64_t steps_per_epoch, std::int64_t patience);

}  // namespace tuff
