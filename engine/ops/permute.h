// Axes in another order: torch.permute and torch.transpose. Data moves, unless the memory order happens to be the same.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// Axis i of the result is axis dims[i] of x (negative ones count from the last); each axis once, at most 8. f32 or i32,
// any layout.
Value permute(Value x, std::vector<int> dims, Layout layout = Layout::channels_last);

// Two axes swapped.
Value transpose(Value x, int dim0, int dim1);

std::vector<Kernel> permute_kernels();

}  // namespace tuff
