#include "train/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace tuff {

double Schedule::at(std::int64_t step) const {
  if (step < warmup) return learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (kind == Kind::constant) return learning_rate;
  const double length = static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  const double done = std::min(1.0, static_cast<double>(step - warmup) / length);
  if (kind == Kind::cosine) return learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * done));
  return learning_rate * (done < 1.0 / 3 ? 1 : done < 2.0 / 3 ? 0.1 : 0.01);
}

Schedule::Kind Schedule::kind_named(std::string_view name) {
  if (name == "constant") return Kind::constant;
  if (name == "cosine") return Kind::cosine;
  if (name == "step") return Kind::step;
  throw Error(fmt::format("schedule: \"{}\" is none of constant, cosine, step", name));
}

}  // namespace tuff
