// Numbers of one type as another's.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// f32 to i32 truncates towards zero as in PyTorch; what i32 can't hold becomes its least or largest number, and NaN 0.
// i32 to f32 rounds to the nearest. f32 to f16 rounds to the nearest, of two the even one; beyond 65504 it is infinity.
// Gives x itself where it has the type. The gradient of f32 to f16 and back is cast the other way; none flows through
// i32.
Value cast(Value x, DType dtype);

std::vector<Kernel> cast_kernels();

}  // namespace tuff
