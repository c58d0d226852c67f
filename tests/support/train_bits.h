// What a few training steps leave behind, to the bit, for tests that run the same steps in several ways.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/graph.h"
#include "runtime/compile.h"

namespace tuff::test {

// The losses and all variables after so many steps on the device under test. The graph's inputs are "images", "labels",
// "step_state" and perhaps "random_state"; its output "loss".
std::vector<std::vector<std::byte>> train_bits(const Graph& graph, const CompileOptions& options, int steps);

}  // namespace tuff::test
