// RMSprop: plain, centered, momentum, decay, with and without what all optimizers take.
#pragma once

#include <cmath>

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
      {"centered, momentum, all",
       {.alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1, .momentum = 0.5, .centered = true},
       {.scaled = true, .factors = true, .l1 = 0.2, .averaged = true}},
  };
}

// The largest error of a parameter or average after some steps from those of PyTorch's formulas in float64.
inline double error_after_steps(Device& device, const RmspropCase& rmsprop_case, const std::vector<Shape>& shapes) {
  const RmspropAttributes& a = rmsprop_case.attributes;
  std::vector<double> squares(OptimizerRun::elements(shapes), 0), means = squares, buffers = squares;
  const auto update = [&](Graph& graph, Value parameters, Value state, const UpdateOptions& options) {
    RmspropMoments moments{graph.arena("rmsprop.square_avg")};
    if (a.momentum != 0) moments.momentum_buffer = graph.arena("rmsprop.momentum");
    if (a.centered) moments.grad_avg = graph.arena("rmsprop.grad_avg");
    rmsprop(parameters, graph.arena("gradients"), moments, state, a, options);
  };
  const auto reference = [&](const OptimizerRun::Element& element) {
    const double g = element.gradient + element.decay * a.weight_decay * element.parameter;
    double &square = squares[element.index], &mean = means[element.index], &buffer = buffers[element.index];
    square = a.alpha * square + (1 - a.alpha) * g * g;
    mean = a.alpha * mean + (1 - a.alpha) * g;
    const double change = g / (std::sqrt(square - (a.centered ? mean * mean : 0)) + a.eps);
    buffer = a.momentum * buffer + change;
    return element.parameter - 0.01 * (a.momentum != 0 ? buffer : change);
  };
  return OptimizerRun::error(device, shapes, update, reference, 0.01, {}, rmsprop_case.update);
}

}  // namespace tuff::test
