// Whether a kernel computes what the portable one of its op does: random inputs, and how far results are apart.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/tensor.h"

namespace tuff {

// Values drawn evenly from `low` to `high`. Integers are 0, which is a class or an index of everything.
HostTensor random_values(const TensorType& type, std::uint64_t seed, double low = -1, double high = 1);

// Largest difference between floating-point results over the largest expected value. Infinite where a number stands
// against none, or integers differ.
double largest_difference(const std::vector<HostTensor>& found, const std::vector<HostTensor>& expected);

// Whether any floating-point value is infinite or no number.
bool has_nonfinite(const std::vector<HostTensor>& tensors);

// What rounding explains, of kernels that add in different orders: 1e-4, where something is stored as f16 1e-2.
double kernel_tolerance(bool half);

}  // namespace tuff
