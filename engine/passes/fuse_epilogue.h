// Moves an activation into the store of the convolution before it.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// Fuses relu, leaky_relu, sigmoid or tanh into the conv or conv_transpose that computes its operand, where nothing else
// reads that. Runs after differentiation: gradients of these activations read their result, which stays. Before
// fuse_pointwise, which would take the activation.
std::unique_ptr<Graph> fuse_epilogue(const Graph& graph);

}  // namespace tuff
