// Cross entropy of logits against classes (torch's cross_entropy): log softmax over the channels and its negative
// mean, in one pass over the logits.
#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct CrossEntropyAttributes {
  std::int32_t ignore_index = -100;  // pixels of this class count in neither sum nor mean
  bool operator==(const CrossEntropyAttributes&) const = default;
};

// x: logits, f32 (N, C, spatial...). target: either classes, i32 (N, spatial...) or (N, 1, spatial...), or
// probabilities, f32 of x's shape. weight: (C), one per class, or empty. The result is a scalar: for classes the sum
// of w[t] * loss over the sum of w[t], for probabilities the mean over pixels. A class outside 0 .. C-1 that isn't
// ignore_index makes the loss NaN. Gradients flow to x alone.
Value cross_entropy(Value x, Value target, const CrossEntropyAttributes& attributes = {}, Value weight = {});

std::vector<Kernel> cross_entropy_kernels();
std::vector<Kernel> cross_entropy_gradient_kernels();

}  // namespace tuff
