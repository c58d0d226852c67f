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
      {"all",
       {.momentum = 0.8, .weight_decay = 0.1, .nesterov = true},
       {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
      {"without momentum, all", {.weight_decay = 0.1}, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

// The largest error of a parameter or average after some steps from those of PyTorch's formulas in float64.
inline double error_after_steps(Device& device, const SgdCase& sgd_case, const std::vector<Shape>& shapes) {
  const SgdAttributes& a = sgd_case.attributes;
  std::vector<double> buffer(OptimizerRun::elements(shapes), 0);
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    sgd(parameters, graph.arena("gradients"), a.momentum != 0 ? graph.arena("sgd.momentum") : Value{}, state, a,
        options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    double g = element.gradient + element.decay * a.weight_decay * element.parameter;
    if (a.momentum != 0) {
      double& buffered = buffer[element.index];
      buffered = element.step == 1 ? g : a.momentum * buffered + (1 - a.dampening) * g;
      g = a.nesterov ? g + a.momentum * buffered : buffered;
    }
    return element.parameter - 0.1 * g;
  };
  return OptimizerRun::error(device, shapes, update, reference, 0.1, {}, sgd_case.update);
}

}  // namespace tuff::test
