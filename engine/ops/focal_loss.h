// Focal losses (Lin et al. 2017): cross entropy times (1 - p)^gamma, p the probability of the truth, so that what is
// learned already counts little. Composed of pointwise ops and reductions.
#pragma once

#include <cstdint>

#include "ops/loss.h"

namespace tuff {

// torchvision's sigmoid_focal_loss, element by element. x: logits, f32; target: of x's shape, in [0, 1]. Positive
// targets weigh alpha, the others 1 - alpha; below 0: both 1. A mean is over the elements, whatever options.weight.
Value sigmoid_focal_loss(Value x, Value target, float alpha = 0.25f, float gamma = 2, const LossOptions& options = {});

struct FocalAttributes {
  float gamma = 2;
  std::int32_t ignore_index = -100;
  LossReduction reduction = LossReduction::mean;  // over unignored pixels, or the sum of their pixel_weight
  bool operator==(const FocalAttributes&) const = default;
};

// Of classes that exclude each other: -sum over c of w[c] t[c] (1 - p[c])^gamma log p[c], p = softmax(x). x: logits,
// f32 (N, C, spatial...); target: classes, i32 (N, spatial...) or (N, 1, spatial...), or probabilities, f32 of x's
// shape; weight: (C) or empty; pixel_weight: (N, 1, spatial...) or empty. Without a reduction (N, spatial...), else a
// scalar.
Value focal_loss(Value x, Value target, const FocalAttributes& attributes = {}, Value weight = {},
                 Value pixel_weight = {});

}  // namespace tuff
