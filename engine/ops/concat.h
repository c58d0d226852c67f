// Joins tensors along one axis (torch.cat). The axis defaults to channels, the U-Net's skip connection.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// All of one rank, dtype and layout, equal in every axis but `axis` (negative counts from the last). Errors name the
// shapes. A single tensor is returned as it is.
Value concat(const std::vector<Value>& values, int axis = 1);

// Joins tensors of one shape along a new axis, number `axis` of the result (torch.stack).
Value stack(const std::vector<Value>& values, int axis = 0);

struct ConcatAttributes {
  int axis = 1;
  bool operator==(const ConcatAttributes&) const = default;
};

std::vector<Kernel> concat_kernels();

}  // namespace tuff
