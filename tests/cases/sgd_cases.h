// SGD: plain, momentum, Nesterov's, dampening, decay, with and without a gradient scale.
#pragma once

#include "ops/sgd.h"

namespace tuff::test {

struct SgdCase {
  const char* name;
  SgdAttributes attributes;
  bool scaled = false;
};

inline std::vector<SgdCase> sgd_cases() {
  return {
      {"plain", {}},
      {"plain, scaled", {}, true},
      {"weight decay", {.weight_decay = 0.1}},
      {"momentum", {.momentum = 0.9}},
      {"momentum, dampening, scaled", {.momentum = 0.9, .dampening = 0.3}, true},
      {"Nesterov's", {.momentum = 0.8, .weight_decay = 0.01, .nesterov = true}},
  };
}

}  // namespace tuff::test
