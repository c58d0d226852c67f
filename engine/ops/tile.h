// Tensors repeated along their axes: one copy for each axis that is. The gradient sums the repeats.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace tuff {

// torch.tile, ONNX's Tile: x repeats[i] times along axis i, one after the other. Fewer repeats than axes are those of
// the last axes, more give x new axes in front. f32 or i32, any layout.
Value tile(Value x, std::vector<std::int64_t> repeats);

// torch.Tensor.repeat: the same with at least one number per axis.
Value repeat(Value x, std::vector<std::int64_t> repeats);

// torch.repeat_interleave: every element along the axis `repeats` times in a row; negative axes count from the last.
Value repeat_interleave(Value x, std::int64_t repeats, int axis);

}  // namespace tuff
