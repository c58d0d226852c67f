// Channels scaled and shifted after a convolution, by values that stay the same from run to run, go into its weight and
// bias: a batch norm with running statistics costs nothing in inference. Results differ in their last digits.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// conv and conv_transpose (of one group) whose only readers multiply or add one value per channel. Of graphs that write
// the store nothing is folded (plan/lasting.h).
std::unique_ptr<Graph> fold_affine(const Graph& graph);

}  // namespace tuff
