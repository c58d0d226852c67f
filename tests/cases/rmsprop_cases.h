// RMSprop: plain, centered, momentum, decay, with and without what all optimizers take.
#pragma once

#include "ops/rmsprop.h"
#include "support/optimizer_run.h"

namespace tuff::test {

struct RmspropCase {
  const char* name;
  RmspropAttributes attributes;
  UpdateCase update = {};
};

inline std::vector<RmspropCase> rmsprop_cases() {
  return {
      {"defaults", {}},
      {"another alpha and eps", {.alpha = 0.5, .eps = 1e-2}},
      {"weight decay", {.weight_decay = 0.1}},
      {"momentum", {.momentum = 0.9}},
      {"centered", {.alpha = 0.9, .eps = 1e-3, .centered = true}},
      {"centered, momentum, all", {.alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1, .momentum = 0.5, .centered = true},
       {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

}  // namespace tuff::test
