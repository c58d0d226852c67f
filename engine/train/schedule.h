// The learning rate as a function of the step: a linear rise in the first steps, then constant, a half
// cosine down to zero (Loshchilov and Hutter 2017, without restarts), or a tenth after each third.
#pragma once

#include <cstdint>
#include <string_view>

namespace tuff {

struct Schedule {
  enum class Kind : std::uint8_t { constant, cosine, step };
  Kind kind = Kind::constant;
  double learning_rate = 1e-3;  // the highest
  std::int64_t warmup = 0;      // steps
  std::int64_t steps = 1;       // the whole run, warm-up included

  // `step` counts from 0.
  double at(std::int64_t step) const;

  // "constant", "cosine", "step"; Error with the list of them otherwise.
  static Kind kind_named(std::string_view name);
};

}  // namespace tuff
