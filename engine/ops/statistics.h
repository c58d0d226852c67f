// Variance and norms, composed of reductions.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace tuff {

// torch.var: squares of the distances from the mean, over n - correction (n terms; NaN or infinity where that isn't
// positive, as in PyTorch). Axes and keepdim as in sum. Two passes: exact where the mean is large.
Value variance(Value x, std::vector<int> axes = {}, float correction = 1, bool keepdim = false);

// torch.std, its square root; the gradient where it is 0 is 0.
Value standard_deviation(Value x, std::vector<int> axes = {}, float correction = 1, bool keepdim = false);

// torch.linalg.vector_norm: sum(|x|^ord)^(1 / ord); the largest magnitude for infinity, the smallest for minus
// infinity, the number of elements that aren't 0 for 0. The gradient where the norm is 0 is 0.
Value vector_norm(Value x, float ord = 2, std::vector<int> axes = {}, bool keepdim = false);

// torch.nn.functional.normalize: x over its norm along the axes, that at least eps. Axes: channels by default.
Value lp_normalize(Value x, float p = 2, std::vector<int> axes = {1}, float eps = 1e-12f);

}  // namespace tuff
