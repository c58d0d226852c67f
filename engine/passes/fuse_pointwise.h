// Merges chains and trees of elementwise nodes into single ones, so that what lies between stays in registers.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// A pointwise node moves into the pointwise node that alone reads its result, where both results have one type and
// the merged program fits the kernel (ops/pointwise_program.h). Run it after passes that fuse elementwise nodes into
// other kernels: they look for single ops.
std::unique_ptr<Graph> fuse_pointwise(const Graph& graph);

}  // namespace tuff
