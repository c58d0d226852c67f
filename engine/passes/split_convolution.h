// Convolutions whose result is read in parts compute the parts.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace tuff {

// Where only slices of channels read the result of a conv or conv_transpose, each becomes a convolution of its own by
// those channels' weights, and the result is neither written whole nor copied. The gradient of a convolution of
// concatenated tensors, as in a U-Net's decoder, is read so. For slices that don't overlap, of channels by 16, which
// all kernels take well, and no fewer of them than input channels, which are read for each. Runs before fuse_epilogue.
std::unique_ptr<Graph> split_convolution(const Graph& graph);

}  // namespace tuff
