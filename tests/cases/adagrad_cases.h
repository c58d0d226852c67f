// Adagrad: plain, with decays and a start of the sum, with and without what all optimizers take.
#pragma once

#include <cmath>

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

// The largest error of a parameter or average after some steps from those of PyTorch's formulas in float64.
inline double error_after_steps(Device& device, const AdagradCase& adagrad_case, const std::vector<Shape>& shapes) {
  const AdagradAttributes& a = adagrad_case.attributes;
  std::vector<double> sums(OptimizerRun::elements(shapes), a.initial_accumulator_value);
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    adagrad(parameters, graph.arena("gradients"), graph.arena("adagrad.sum"), state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    const double g = element.gradient + element.decay * a.weight_decay * element.parameter;
    double& sum = sums[element.index];
    sum += g * g;
    return element.parameter - 0.1 / (1 + (element.step - 1) * a.lr_decay) * g / (std::sqrt(sum) + a.eps);
  };
  return OptimizerRun::error(device, shapes, update, reference, 0.1, {}, adagrad_case.update);
}

}  // namespace tuff::test
