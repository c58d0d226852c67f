// Parts of a graph by themselves, for looking into a training step beside the one that runs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace tuff {

// The value that an output names; none where there is no such output.
std::optional<std::uint32_t> output_named(const Graph& graph, std::string_view name);

// For each node whether one of these values depends on it.
std::vector<bool> nodes_needed_for(const Graph& graph, const std::vector<std::uint32_t>& values);

// Copies all sources and the chosen nodes into an empty graph, with their labels and precision; outputs' names are left
// out, and so are nodes that write the store. `copied` (may be empty) is called behind each. Gives the new handle of
// each old value, empty for those that aren't there.
std::vector<Value> copy_part(const Graph& from, const std::vector<bool>& nodes, Graph& to,
                             const std::function<void(std::uint32_t node, const std::vector<Value>& values)>& copied);

}  // namespace tuff
