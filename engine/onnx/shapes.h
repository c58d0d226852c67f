// What operators that move data say of shapes, the same for the host evaluator and the importer: targets, ranges,
// borders, with the differences between opsets. Errors name the node.
#pragma once

#include <cstdint>
#include <vector>

#include "onnx/node_context.h"

namespace tuff::onnx {

using Extents = std::vector<std::int64_t>;

std::int64_t product(const Extents& shape);
Extents broadcast_shapes(const NodeContext& node, const Extents& a, const Extents& b);

Extents reshape_target(const NodeContext& node);  // Reshape: 0 copies, -1 is found
Extents flatten_target(const NodeContext& node);
Extents squeeze_target(const NodeContext& node);
Extents unsqueeze_target(const NodeContext& node);
Extents expand_target(const NodeContext& node);
std::vector<int> permutation(const NodeContext& node);  // Transpose
std::vector<std::int64_t> split_sizes(const NodeContext& node, int axis);

// Slice: one entry for each axis of the input, `count` elements from `start` in steps of `step`.
struct SliceRange {
  std::int64_t start = 0, step = 1, count = 0;
};
std::vector<SliceRange> slice_ranges(const NodeContext& node);

// Pad: one entry for each axis.
struct Borders {
  Extents lo, hi;
  double value = 0;
};
Borders pad_borders(const NodeContext& node);

// Axes that a reduction reduces, increasing; all where none are named, none with noop_with_empty_axes.
std::vector<int> reduced_axes(const NodeContext& node);

}  // namespace tuff::onnx
