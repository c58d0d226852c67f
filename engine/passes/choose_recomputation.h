// Which values of a training step to compute again (passes/checkpoint.h) so that it takes less memory: what frees most
// for least work first, which is norms, activations, concatenations and pooling, then whole stretches of convolutions.
// Pure data: works on a graph and its plan, without a device.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/plan.h"

namespace tuff {

struct RecomputationChoice {
  std::vector<bool> repeated;    // by node, for recompute()
  std::uint64_t live_bytes = 0;  // at the peak, by the model; the plan of the new graph tells exactly
  bool fits = false;             // live_bytes are within the budget
};

// `plan`: the graph's own. Where the budget (bytes of values and workspace at the peak) can't be met, the choice is
// what comes near. The same input gives the same choice.
RecomputationChoice choose_recomputation(const Graph& graph, const Plan& plan, std::uint64_t budget);

}  // namespace tuff
