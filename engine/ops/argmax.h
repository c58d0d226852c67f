// Where the largest or smallest elements along an axis stand.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct ArgmaxAttributes {
  int axis = 0;
  bool smallest = false;
  bool select_last_index = false;  // of equals; the first otherwise
  bool operator==(const ArgmaxAttributes&) const = default;
};

// PyTorch's: x f32, result i32 without the axis, or with an extent of 1 there if keepdim. The axis may be negative;
// none: the index into x flattened in logical row-major order. A NaN wins. No gradient.
Value argmax(Value x, std::optional<int> axis = {}, bool keepdim = false, bool select_last_index = false);
Value argmin(Value x, std::optional<int> axis = {}, bool keepdim = false, bool select_last_index = false);

// ONNX's Hardmax: 1 at the first of the largest elements along the axis, 0 elsewhere, f32. No gradient.
Value hardmax(Value x, int axis = -1);

std::vector<Kernel> argmax_kernels();

}  // namespace tuff
