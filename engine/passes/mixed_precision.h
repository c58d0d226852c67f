// Activations and their gradients stored as f16; what is computed of them stays f32.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// A graph of the same inputs and outputs as a graph in f32, with casts where f16 begins and ends. As f16 lie the float
// inputs of two or more axes and all that is computed of them, as far as ops' kernels take it so (Op::half_operands);
// others run in f32 between casts. f32 stay: parameters, buffers and constants and what depends on them alone, and what
// an op computes of them and activations where it takes both alike (a product with weights); what is marked so
// (Graph::full_precision), as losses are; statistics and other sums, and elementwise results that are read for sums
// alone or by ops that want f32; gradients of parameters on their way to the optimizer; tensors of one element. Nodes
// that touch f16 already are left alone. Values beyond f16's range, 65504, become infinite. Runs after fusion: what
// lies between fused ops is never rounded.
std::unique_ptr<Graph> mixed_precision(const Graph& graph);

}  // namespace tuff
