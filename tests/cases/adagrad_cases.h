// Adagrad: plain, with decays and a start of the sum, with and without what all optimizers take.
#pragma once

#include "ops/adagrad.h"
#include "support/optimizer_run.h"

namespace tuff::test {

struct AdagradCase {
  const char* name;
  AdagradAttributes attributes;
  UpdateCase update = {};
};

inline std::vector<AdagradCase> adagrad_cases() {
  return {
      {"defaults", {}},
      {"learning rate decay", {.lr_decay = 0.3}},
      {"weight decay, another eps", {.weight_decay = 0.1, .eps = 1e-2}},
      {"a start of the sum", {.initial_accumulator_value = 0.5}},
      {"all", {.lr_decay = 0.1, .weight_decay = 0.1}, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

}  // namespace tuff::test
