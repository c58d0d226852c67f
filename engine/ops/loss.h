// What all losses share: how elements become one number, with or without a weight map.
#pragma once

#include <string_view>

#include "graph/graph.h"

namespace tuff {

// PyTorch's names; batch_mean is the sum over the number of samples.
enum class LossReduction : std::uint8_t { mean, sum, none, batch_mean };

// Weights multiply each element's loss. A map of (N, 1, spatial...) weighs pixels; any shape that broadcasts to the
// loss's will do. Weights of 0 mask.
struct LossOptions {
  LossReduction reduction = LossReduction::mean;
  Value weight = {};
};

// The elements of a loss, weighted and reduced. A mean divides by the number of elements, or where `over_weights` is
// set by the sum of their weights (0 / 0, which is NaN, where that is 0). Error naming `op` where the weight doesn't
// fit.
Value reduce_loss(std::string_view op, Value loss, const LossOptions& options, bool over_weights);

// Error unless both are f32 of one shape.
void require_same(std::string_view op, Value x, Value target);

// (C) as (1, C, 1...) of x's rank (N, C, spatial...), so that it broadcasts; Error naming `op` where C differs.
Value along_channels(std::string_view op, Value values, Value x);

}  // namespace tuff
