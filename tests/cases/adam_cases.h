// Adam: plain, with decay, with other betas, with and without a gradient scale.
#pragma once

#include "ops/adam.h"

namespace tuff::test {

struct AdamCase {
  const char* name;
  AdamAttributes attributes;
  double learning_rate = 1e-2;
  bool scaled = false;
};

inline std::vector<AdamCase> adam_cases() {
  return {
      {"defaults", {}},
      {"AdamW", {.weight_decay = 0.1}},
      {"other betas and eps", {.beta1 = 0.5, .beta2 = 0.9, .eps = 1e-3}},
      {"scaled gradients", {}, 1e-2, true},
      {"scaled and decayed", {.beta1 = 0, .weight_decay = 0.01}, 1e-3, true},
  };
}

}  // namespace tuff::test
