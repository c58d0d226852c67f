// Reverse-mode differentiation: gradients are ordinary nodes made of public ops.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"

namespace tuff {

// Adds nodes for d loss / d each of `wrt`, in order; every result has its value's type. `loss` is a
// scalar f32 (one element), else Error. A value that the loss doesn't depend on gets zeros.
std::vector<Value> gradient(Value loss, std::span<const Value> wrt);

// The same for any outputs, each weighted by an upstream gradient of its type: the gradient of
// sum over i of sum(outputs[i] * upstream[i]).
std::vector<Value> gradient(std::span<const Value> outputs, std::span<const Value> upstream,
                            std::span<const Value> wrt);

}  // namespace tuff
