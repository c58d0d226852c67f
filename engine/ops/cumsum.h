// Running sums along an axis.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct CumsumAttributes {
  int axis = 0;
  bool exclusive = false;  // without the element itself: the first sum is 0
  bool reverse = false;    // from the last element to the first
  bool operator==(const CumsumAttributes&) const = default;
};

// torch.cumsum (ONNX's with exclusive and reverse). x: f32 of rank 1 or more; the axis may be negative. Compensated, in
// blocks that depend on the extent alone: good to 1e-6 for a million terms, exact for integers, the same on all
// devices.
Value cumsum(Value x, int axis, bool exclusive = false, bool reverse = false);

std::vector<Kernel> cumsum_kernels();

}  // namespace tuff
