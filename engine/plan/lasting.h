// What stays the same from run to run, so that it is computed once: what depends on constants alone and, in a graph
// that doesn't write the store, on parameters: a norm's weights in inference, Winograd's transforms of a convolution's.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// By value. False for what is much larger than what it is computed from: it would keep its memory forever.
std::vector<bool> lasting_values(const Graph& graph);

// By dispatch of a node that gives no lasting value: those that prepare its workspace out of lasting values, of which
// `lasting` is what lasting_values() gives.
std::vector<bool> lasting_dispatches(const Graph& graph, const Node& node, const KernelDispatches& emitted,
                                     const std::vector<bool>& lasting);

}  // namespace tuff
