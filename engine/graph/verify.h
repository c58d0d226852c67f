// Checks that a graph keeps its own rules. Passes are tested with it, and optimize() runs it after each
// pass in builds with asserts.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace tuff {

// Every breach, in words; empty for a sound graph: values are defined before they are read, sources point
// back at the nodes they name, recorded types are what the ops infer, variables don't overlap, outputs exist.
std::vector<std::string> verify(const Graph& graph);

}  // namespace tuff
