// Every optimizer, to test what they share.
#pragma once

#include <functional>
#include <vector>

#include "ops/adagrad.h"
#include "ops/adam.h"
#include "ops/kernel_table.h"
#include "ops/rmsprop.h"
#include "ops/sgd.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {

struct OptimizerCase {
  const char* name;
  // With all moments that it can have: graph, parameters, step_state, options.
  std::function<void(Graph&, Value, Value, const UpdateOptions&)> add;
};

inline std::vector<OptimizerCase> optimizer_cases() {
  return {
      {"adagrad", [](Graph& g, Value p, Value state,
                     const UpdateOptions& o) { adagrad(p, g.arena("gradients"), g.arena("a"), state, {}, o); }},
      {"adam", [](Graph& g, Value p, Value state,
                  const UpdateOptions& o) { adam(p, g.arena("gradients"), g.arena("a"), g.arena("b"), state, {}, o); }},
      {"rmsprop",
       [](Graph& g, Value p, Value state, const UpdateOptions& o) {
         rmsprop(p, g.arena("gradients"), {g.arena("a"), g.arena("b"), g.arena("c")}, state,
                 {.momentum = 0.9, .centered = true}, o);
       }},
      {"sgd", [](Graph& g, Value p, Value state,
                 const UpdateOptions& o) { sgd(p, g.arena("gradients"), g.arena("a"), state, {.momentum = 0.9}, o); }},
  };
}

}  // namespace tuff::test
