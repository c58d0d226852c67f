// Layer normalization and its relatives: statistics of each sample over its last axes. The `normalize` op on a view of
// memory in which those axes are a sample's, or a sample's and channel's, pixels.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace tuff {

// torch.nn.functional.layer_norm over the last axes of x, whose extents are `normalized_shape`. weight and bias of that
// shape, each may be empty. f32, channels-last.
Value layer_norm(Value x, const Shape& normalized_shape, Value weight = {}, Value bias = {}, float eps = 1e-5f);

struct LayerNorm {
  Value output;
  Value mean;         // x's shape with 1 for the normalized axes
  Value inv_std_dev;  // the same: 1 / sqrt(variance + eps)
};

// ONNX's LayerNormalization: over the axes from `axis` on (negative counts from the last); weight and bias broadcast to
// x.
LayerNorm layer_norm_from(Value x, int axis = -1, Value weight = {}, Value bias = {}, float eps = 1e-5f);

// torch.nn.functional.rms_norm: x / sqrt(mean(x^2) + eps) weight, over the last axes.
Value rms_norm(Value x, const Shape& normalized_shape, Value weight = {}, float eps = 1.1920929e-7f);

// ONNX's MeanVarianceNormalization: (x - mean) / (standard deviation + 1e-9). Without axes all but channels.
Value mean_variance_normalization(Value x, std::vector<int> axes = {});

}  // namespace tuff
