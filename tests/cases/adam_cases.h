// Adam: plain, with both kinds of decay, with other betas, with and without what all optimizers take.
#pragma once

#include "ops/adam.h"
#include "support/optimizer_run.h"

namespace tuff::test {

struct AdamCase {
  const char* name;
  AdamAttributes attributes;
  double learning_rate = 1e-2;
  UpdateCase update = {};
};

inline std::vector<AdamCase> adam_cases() {
  return {
      {"defaults", {}},
      {"weight decay", {.weight_decay = 0.1}},
      {"AdamW", {.weight_decay = 0.1, .decoupled_weight_decay = true}},
      {"other betas and eps", {.beta1 = 0.5, .beta2 = 0.9, .eps = 1e-3}},
      {"scaled gradients", {}, 1e-2, {.scaled = true}},
      {"scaled and decayed", {.beta1 = 0, .weight_decay = 0.01, .decoupled_weight_decay = true}, 1e-3, {.scaled = true}},
      {"an average", {}, 1e-2, {.averaged = true}},
      {"all, coupled", {.weight_decay = 0.1}, 1e-2, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
      {"all, decoupled", {.weight_decay = 0.1, .decoupled_weight_decay = true}, 1e-2, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

}  // namespace tuff::test
