// Adam: plain, with both kinds of decay, with other betas, with and without what all optimizers take.
#pragma once

#include <cmath>

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
      {"scaled and decayed",
       {.beta1 = 0, .weight_decay = 0.01, .decoupled_weight_decay = true},
       1e-3,
       {.scaled = true}},
      {"an average", {}, 1e-2, {.averaged = true}},
      {"all, coupled", {.weight_decay = 0.1}, 1e-2, {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
      {"all, decoupled",
       {.weight_decay = 0.1, .decoupled_weight_decay = true},
       1e-2,
       {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

// The largest error of a parameter or average after some steps from those of PyTorch's formulas in float64.
inline double error_after_steps(Device& device, const AdamCase& adam_case, const std::vector<Shape>& shapes) {
  const AdamAttributes& a = adam_case.attributes;
  std::vector<double> m(OptimizerRun::elements(shapes), 0), v = m;
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    adam(parameters, graph.arena("gradients"), graph.arena("adam.m"), graph.arena("adam.v"), state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    const double lr = adam_case.learning_rate, decay = element.decay * a.weight_decay;
    const double g = element.gradient + (a.decoupled_weight_decay ? 0 : decay * element.parameter);
    const double parameter = element.parameter * (1 - (a.decoupled_weight_decay ? lr * decay : 0));
    double &mean = m[element.index], &square = v[element.index];
    mean = a.beta1 * mean + (1 - a.beta1) * g;
    square = a.beta2 * square + (1 - a.beta2) * g * g;
    const double m_hat = mean / (1 - std::pow(a.beta1, element.step)),
                 v_hat = square / (1 - std::pow(a.beta2, element.step));
    return parameter - lr * m_hat / (std::sqrt(v_hat) + a.eps);
  };
  return OptimizerRun::error(device, shapes, update, reference, adam_case.learning_rate, a, adam_case.update);
}

}  // namespace tuff::test
