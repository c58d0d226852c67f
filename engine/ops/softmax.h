// softmax and log_softmax along one axis, shifted by the maximum so that nothing overflows.
#pragma once

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct SoftmaxAttributes {
  int axis = 1;
  bool log = false;
  bool operator==(const SoftmaxAttributes&) const = default;
};

// x: f32 of rank 1 or more; the axis (negative counts from the last) defaults to channels.
Value softmax(Value x, int axis = 1);
Value log_softmax(Value x, int axis = 1);

std::vector<Kernel> softmax_kernels();
std::vector<Kernel> softmax_gradient_kernels();

}  // namespace tuff
