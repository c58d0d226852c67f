// Cellpose's network (Stringer et al. 2021): a U-Net of residual blocks, norm and ReLU before each convolution, whose
// skip connections are sums, and a style: the mean over the deepest map, of length 1, which dense layers add to what
// the decoder's blocks compute. Three outputs: the flow along y and x, and a logit of lying in a cell.
//
// Parameters have the names and shapes of the published PyTorch models of versions 1 to 3 ("cyto" and others):
// "downsample.down.res_down_0.conv.conv_0.0.weight", "upsample.up.res_up_3.conv.conv_1.full.bias", "output.2.weight".
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "models/geometry.h"

namespace tuff {

struct CellposeConfig {
  std::int64_t in_channels = 2;   // cytoplasm and nuclei
  std::int64_t out_channels = 3;  // flows of all axes and a logit; in 3-D 4
  std::int64_t base = 32;         // channels of level 0, doubled with each level
  std::int64_t depth = 3;         // halvings
  int rank = 2;

  bool operator==(const CellposeConfig&) const = default;
};

struct CellposeOutputs {
  Value output;  // (N, out_channels, spatial...)
  Value style;   // (N, base * 2^depth), of Euclidean length 1
};

// Extents must be multiples of 2^depth, else Error.
CellposeOutputs cellpose(Graph& graph, Value x, const CellposeConfig& config, bool training);

// Geometry, the same along each axis, of the convolutions; the style sees the whole image.
AxisGeometry cellpose_axis(const CellposeConfig& config);

}  // namespace tuff
