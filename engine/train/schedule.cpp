#include "train/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace tuff {
namespace {

constexpr double kRise = 0.3, kFirstDivisor = 25, kLastDivisor = 1e4;  // of one cycle

// From `first` to `last` as `done` goes from 0 to 1.
double half_cosine(double first, double last, double done) {
  return last + (first - last) * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

// The peak needn't fall on a whole step.
double one_cycle(const Schedule& schedule, std::int64_t step) {
  const double last = static_cast<double>(schedule.steps) - 1;
  const double peak = kRise * static_cast<double>(schedule.steps) - 1;
  const double at = static_cast<double>(step), first = schedule.learning_rate / kFirstDivisor;
  if (at < peak) return half_cosine(first, schedule.learning_rate, at / peak);
  const double from = std::max(0.0, peak);
  return half_cosine(schedule.learning_rate, first / kLastDivisor,
                     std::min(1.0, (at - from) / std::max(1.0, last - from)));
}

}  // namespace

double Schedule::at(std::int64_t step) const {
  if (kind == Kind::one_cycle) return one_cycle(*this, step);
  const double reduced = kind == Kind::plateau ? std::pow(factor, static_cast<double>(reductions)) : 1;
  if (step < warmup) return reduced * learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (kind == Kind::constant || kind == Kind::plateau) return reduced * learning_rate;
  const double length = static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  const double done = std::min(1.0, static_cast<double>(step - warmup) / length);
  if (kind == Kind::cosine) return half_cosine(learning_rate, 0, done);
  return learning_rate * (done < 1.0 / 3 ? 1 : done < 2.0 / 3 ? factor : factor * factor);
}

Schedule::Kind Schedule::kind_named(std::string_view name) {
  if (name == "constant") return Kind::constant;
  if (name == "cosine") return Kind::cosine;
  if (name == "step") return Kind::step;
  if (name == "plateau") return Kind::plateau;
  if (name == "one-cycle") return Kind::one_cycle;
  throw Error(fmt::format("schedule: \"{}\" is none of constant, cosine, step, plateau, one-cycle", name));
}

void Plateau::observe(double score, std::int64_t patience) {
  if (best ? score > *best : !std::isnan(score)) {
    best = score;
    stale = 0;
    return;
  }
  if (++stale <= patience) return;
  ++reductions;
  stale = 0;
}

bool patience_spent(std::int64_t step, std::int64_t best, std::int64_t steps_per_epoch, std::int64_t patience) {
  if (patience == 0 || best == 0) return false;
  return step / steps_per_epoch - (best - 1) / steps_per_epoch - 1 >= patience;
}

}  // namespace tuff
