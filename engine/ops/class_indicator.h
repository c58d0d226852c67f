// Classes as truth for losses: what a pixel's class is, as one channel each.
#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// f32 of x's shape (N, C, spatial...): 1 in the channel of a pixel's class, else 0. target: i32 (N, spatial...) or
// (N, 1, spatial...). All channels are 0 where the class is ignore_index, and NaN where it is no other of 0 .. C-1, so
// that a loss becomes NaN. x gives the shape alone; no gradient flows.
Value class_indicator(Value target, Value x, std::int32_t ignore_index = -100);

std::vector<Kernel> class_indicator_kernels();

}  // namespace tuff
