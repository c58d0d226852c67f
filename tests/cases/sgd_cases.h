// SGD: plain, momentum, Nesterov's, dampening, decay, with and without what all optimizers take.
#pragma once

#include "ops/sgd.h"
#include "support/optimizer_run.h"

namespace tuff::test {

struct SgdCase {
  const char* name;
  SgdAttributes attributes;
  UpdateCase update = {};
};

inline std::vector<SgdCase> sgd_cases() {
  return {
      {"plain", {}},
      {"plain, scaled", {}, {.scaled = true}},
      {"weight decay", {.weight_decay = 0.1}},
      {"momentum", {.momentum = 0.9}},
      {"momentum, dampening, scaled", {.momentum = 0.9, .dampening = 0.3}, {.scaled = true}},
      {"Nesterov's", {.momentum = 0.8, .weight_decay = 0.01, .nesterov = true}},
      {"all", {.momentum = 0.8, .weight_decay = 0.1, .nesterov = true}, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
      {"without momentum, all", {.weight_decay = 0.1}, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

}  // namespace tuff::test
