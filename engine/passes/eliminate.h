// Removes nodes whose results nobody needs, and computes equal expressions once.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// Keeps what outputs and nodes that write the store depend on.
std::unique_ptr<Graph> eliminate_dead(const Graph& graph);

// Two nodes with the same op, attributes and inputs become one. Nodes that write the store stay.
std::unique_ptr<Graph> eliminate_common(const Graph& graph);

}  // namespace tuff
