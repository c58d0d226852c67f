// Binary cross entropy of logits (torch's binary_cross_entropy_with_logits):
// max(x, 0) - x t + log(1 + exp(-|x|)), which neither overflows nor cancels.
#pragma once

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// Mean over all elements. x: logits, f32; target: of x's shape, in [0, 1]; weight: of x's shape, multiplies each
// element's loss (the divisor stays the number of elements, as in PyTorch), or empty. The result is a scalar.
// Gradients flow to x alone: neither targets nor weights have one.
Value bce_with_logits(Value x, Value target, Value weight = {});

std::vector<Kernel> bce_with_logits_kernels();
std::vector<Kernel> bce_with_logits_gradient_kernels();

}  // namespace tuff
