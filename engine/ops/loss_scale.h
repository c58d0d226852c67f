// Dynamic loss scaling (Micikevicius et al. 2018) with the rules of PyTorch's GradScaler, decided on the device: the
// loss's gradient is multiplied by a scale, so that small gradients survive in f16; a step whose gradients overflow is
// left out and halves the scale, many good ones in a row double it.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

inline constexpr float kFirstLossScale = 65536;

// The elements of `counts`. Floats, exact up to 2^24, where the last two stay.
//   [0] good steps since the scale last changed
//   [1] steps that the optimizer has done
//   [2] steps left out
inline constexpr int kLossScaleCounts = 3;

struct LossScaleAttributes {
  double growth_factor = 2;
  double backoff_factor = 0.5;
  std::int64_t growth_interval = 2000;
  double beta1 = 0.9;  // adam's, for step_state
  double beta2 = 0.999;

  bool operator==(const LossScaleAttributes&) const = default;
};

struct LossScale {
  Value scale, counts;   // new ones
  Value gradient_scale;  // 1 / the old scale, for UpdateOptions
  Value skip;            // 1 where the step is to be left out, else 0: for UpdateOptions
  Value step_state;      // as the host's, counted in the optimizer's steps alone (ops/optimizer.h)
};

// One step. scale: one element; counts: as above; norm: one element, finite exactly where the step is good, such as the
// norm of the gradients times scale; step_state: the host's, of which the learning rate is taken.
//   good: scale grows by growth_factor after growth_interval good steps in a row
//   else: scale *= backoff_factor
// The scale stays within 2^-126 and 2^126, so that its reciprocal is a normal number too. Error where a factor is on
// the wrong side of 1. No gradient.
LossScale loss_scale(Value scale, Value counts, Value norm, Value step_state, LossScaleAttributes attributes = {});

std::vector<Kernel> loss_scale_kernels();

}  // namespace tuff
