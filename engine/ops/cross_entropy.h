// Cross entropy of logits against classes (torch's cross_entropy): log softmax over the channels and its negative
// mean, in one pass over the logits; and of log-probabilities.
#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "ops/loss.h"
#include "plan/kernel.h"

namespace tuff {

struct CrossEntropyAttributes {
  std::int32_t ignore_index = -100;  // pixels of this class count in neither sum nor mean
  float label_smoothing = 0;         // this share of the target goes evenly to all classes (Szegedy et al. 2016)
  LossReduction reduction = LossReduction::mean;
  bool operator==(const CrossEntropyAttributes&) const = default;
};

// x: logits, f32 (N, C, spatial...). target: either classes, i32 (N, spatial...) or (N, 1, spatial...), or
// probabilities, f32 of x's shape. weight: (C), one per class, or empty. pixel_weight: (N, 1, spatial...), multiplies a
// pixel's loss, or empty. A mean is, for classes, the sum of the weighted losses over the sum of the weights w[t] of
// unignored pixels, times pixel_weight; for probabilities that of pixels over their number or the sum of pixel_weight
// (0 / 0, NaN, where that is 0). Without a reduction the result is (N, spatial...), else a scalar. A class outside
// 0 .. C-1 that isn't ignore_index makes the loss NaN. Error naming the shapes where they don't fit.
// Where only ignore_index and weight are used, the loss is one kernel, whose gradient flows to x alone.
Value cross_entropy(Value x, Value target, const CrossEntropyAttributes& attributes = {}, Value weight = {},
                    Value pixel_weight = {});

// The same of log-probabilities x (torch's nll_loss, ONNX's NegativeLogLikelihoodLoss).
Value nll_loss(Value x, Value target, const CrossEntropyAttributes& attributes = {}, Value weight = {},
               Value pixel_weight = {});

std::vector<Kernel> cross_entropy_kernels();
std::vector<Kernel> cross_entropy_gradient_kernels();

}  // namespace tuff
