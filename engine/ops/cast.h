// Numbers of one type as another's.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// f32 to i32 truncates towards zero as in PyTorch; what i32 can't hold becomes its least or largest number, and NaN 0.
// i32 to f32 rounds to the nearest. Gives x itself where it has the type. No gradient flows.
Value cast(Value x, DType dtype);

std::vector<Kernel> cast_kernels();

}  // namespace tuff
