// Binary cross entropy of logits (torch's binary_cross_entropy_with_logits):
// max(x, 0) - x t + log(1 + exp(-|x|)), which neither overflows nor cancels.
#pragma once

#include "graph/graph.h"
#include "ops/loss.h"
#include "plan/kernel.h"

namespace tuff {

// x: logits, f32; target: of x's shape, in [0, 1]. weight multiplies each element's loss: of x's shape or one that
// broadcasts to it, e.g. (N, 1, spatial...), or empty. pos_weight, which broadcasts to x's shape as well ((C, 1, 1) for
// channels of images), multiplies the part of positive targets. A mean divides by the number of elements, whatever the
// weights, as in PyTorch. Error where shapes don't fit. The mean of plain losses, also with weights of x's shape, is
// one kernel, whose gradient flows to x alone; everything else is composed.
Value bce_with_logits(Value x, Value target, Value weight = {}, Value pos_weight = {},
                      LossReduction reduction = LossReduction::mean);

std::vector<Kernel> bce_with_logits_kernels();
std::vector<Kernel> bce_with_logits_gradient_kernels();

}  // namespace tuff
