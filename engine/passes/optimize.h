// The ordered list of passes that compile() runs, in one place.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "graph/graph.h"

namespace tuff {

struct Pass {
  std::string_view name;
  std::unique_ptr<Graph> (*run)(const Graph&);
};

std::span<const Pass> optimization_passes();

// All of them in order.
std::unique_ptr<Graph> optimize(const Graph& graph);

}  // namespace tuff
