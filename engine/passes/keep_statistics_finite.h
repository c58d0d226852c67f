// Running statistics that no overflow reaches.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// The graph with norms whose running statistics stay as they are, channel by channel, where new ones would be infinite
// or no numbers. For training that leaves such steps out (ops/loss_scale.h), whose weights stay as they are too.
std::unique_ptr<Graph> keep_statistics_finite(const Graph& graph);

}  // namespace tuff
