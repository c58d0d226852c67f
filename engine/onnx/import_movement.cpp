// Operators that move elements, and those that only ask for shapes.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/concat.h"
#include "ops/constants.h"
#include "ops/expand.h"
#include "ops/fill.h"
#include "ops/pad.h"
#include "ops/permute.h"
#include "ops/pixel_shuffle.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/tile.h"

namespace tuff::onnx {
namespace {

void identity(DeviceNode& node) {
  node.set(0, node.value(0));
}

void reshape_node(DeviceNode& node) {
  node.set(0, reshape(node.value(0), reshape_target(node)));
}
void flatten_node(DeviceNode& node) {
  node.set(0, reshape(node.value(0), flatten_target(node)));
}
void squeeze_node(DeviceNode& node) {
  node.set(0, reshape(node.value(0), squeeze_target(node)));
}
void unsqueeze_node(DeviceNode& node) {
  node.set(0, reshape(node.value(0), unsqueeze_target(node)));
}
void transpose_node(DeviceNode& node) {
  node.set(0, permute(node.value(0), permutation(node)));
}

void expand_node(DeviceNode& node) {
  const Extents shape = expand_target(node);
  if (product(shape) == 0) return node.set(0, Array(node.type(0), shape));
  node.set(0, expand(node.value(0), Shape(shape)));
}

void concat_node(DeviceNode& node) {
  std::vector<Value> parts;
  for (std::size_t i = 0; i < node.inputs(); ++i)
    if (!node.empty(i)) parts.push_back(node.value(i));
  node.set(0, concat(parts, node.axis(node.integer("axis", 1), node.rank(0))));
}

// Part of x; without elements it is an empty constant.
void set_part(DeviceNode& node, std::size_t output, const std::vector<SliceRange>& ranges) {
  const Extents extents = node.shape(0);
  Extents shape, starts, ends, steps;
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    const SliceRange& range = ranges[axis];
    shape.push_back(range.count);
    starts.push_back(range.start);
    steps.push_back(range.count > 1 ? range.step : 1);
    const std::int64_t end = range.start + range.count * steps.back();
    ends.push_back(end < 0 ? -extents[axis] - 1 : end);  // back to element 0: negative ends count from the last
  }
  if (product(shape) == 0) return node.set(output, Array(node.type(0), shape));
  node.set(output, slice(node.value(0), starts, ends, steps));
}

void slice_node(DeviceNode& node) {
  set_part(node, 0, slice_ranges(node));
}

void split_node(DeviceNode& node) {
  const int axis = node.axis(node.integer("axis", 0), node.rank(0));
  std::vector<SliceRange> ranges;
  for (const std::int64_t extent : node.shape(0)) ranges.push_back({0, 1, extent});
  SliceRange& part = ranges[static_cast<std::size_t>(axis)];
  const std::vector<std::int64_t> sizes = split_sizes(node, axis);
  part.count = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    part = {part.start + part.count, 1, sizes[i]};
    set_part(node, i, ranges);
  }
}

void pad_node(DeviceNode& node) {
  const Borders borders = pad_borders(node);
  const std::string mode = node.text("mode", "constant");
  PadMode chosen = PadMode::constant;
  if (mode == "reflect")
    chosen = PadMode::reflect;
  else if (mode == "edge")
    chosen = PadMode::replicate;
  else if (mode == "wrap")
    chosen = PadMode::circular;
  else if (mode != "constant")
    node.unsupported("mode " + mode);
  const bool given = node.has(2) && chosen == PadMode::constant;
  if (!given || (!node.differentiable(2) && node.known(2) != nullptr))
    return node.set(0, pad(node.value(0), borders.lo, borders.hi, chosen, static_cast<float>(borders.value)));
  const Value x = node.real(0), ones = full(node.graph(), TensorType{DType::f32, x.shape()}, 1);
  const Value inside = pad(ones, borders.lo, borders.hi);
  node.set(0, where(inside, pad(x, borders.lo, borders.hi), reshape(node.real(2), {1})));
}

void tile_node(DeviceNode& node) {
  const std::vector<std::int64_t> repeats = integers(node.constant(1));
  Extents shape = node.shape(0);
  if (repeats.size() != shape.size()) node.fail("repeats has another number of axes than its input");
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (repeats[i] < 0 || __builtin_mul_overflow(shape[i], repeats[i], &shape[i]))
      node.fail("its repeats are impossible");
  if (product(shape) == 0) return node.set(0, Array(node.type(0), shape));
  node.set(0, tile(node.value(0), repeats));
}

void depth_to_space_node(DeviceNode& node) {
  const DepthMode mode = node.choice("mode", "DCR", {"DCR", "CRD"}) == "CRD" ? DepthMode::crd : DepthMode::dcr;
  node.set(0, depth_to_space(node.value(0), node.integer("blocksize", 0), mode));
}

void space_to_depth_node(DeviceNode& node) {
  const DepthMode mode = node.choice("mode", "DCR", {"DCR", "CRD"}) == "CRD" ? DepthMode::crd : DepthMode::dcr;
  node.set(0, space_to_depth(node.value(0), node.integer("blocksize", 0), mode));
}

void trilu_node(DeviceNode& node) {
  const auto k = static_cast<std::int64_t>(node.scalar(1, 0));
  node.set(0, node.integer("upper", 1) != 0 ? triu(node.real(0), k) : tril(node.real(0), k));
}

void shape_node(DeviceNode& node) {
  const Extents shape = node.shape(0);
  const std::int64_t rank = node.rank(0);
  const auto bound = [&](const char* name, std::int64_t otherwise) {
    const std::int64_t at = node.integer(name, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  node.set(0, array_of({end - start}, std::span(shape).subspan(static_cast<std::size_t>(start),
                                                               static_cast<std::size_t>(end - start))));
}

void size_node(DeviceNode& node) {
  node.set(0, array_of({}, std::vector{product(node.shape(0))}));
}

constexpr std::int64_t kLargestMask = std::int64_t{1} << 28;

// In inference; a mask of ones beside it.
void dropout(DeviceNode& node) {
  const bool training = node.opset() >= 12 && node.has(2) && node.scalar(2, 0) != 0;
  const bool old_training = node.opset() < 7 && node.integer("is_test", 0) == 0;
  if (training && node.scalar(1, 0.5) != 0)
    node.unsupported("dropout in training, whose random numbers are another generator's");
  node.set(0, node.value(0));
  if (!node.wants(1) || old_training) return;
  if (product(node.shape(0)) > kLargestMask)
    node.fail(fmt::format("a mask of {} is too large", shape_text(node.shape(0))));
  Array mask(ElementType::boolean, node.shape(0));
  std::ranges::fill(mask.data, std::byte{1});
  node.set(1, node.opset() >= 10 ? mask : convert(mask, node.type(0)));
}

}  // namespace

std::span<const HandlerRow> movement_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"Concat", concat_node},   {"DepthToSpace", depth_to_space_node},
      {"Dropout", dropout},      {"Expand", expand_node},
      {"Flatten", flatten_node}, {"Identity", identity},
      {"Pad", pad_node},         {"Reshape", reshape_node},
      {"Shape", shape_node},     {"Size", size_node},
      {"Slice", slice_node},     {"SpaceToDepth", space_to_depth_node},
      {"Split", split_node},     {"Squeeze", squeeze_node},
      {"Tile", tile_node},       {"Transpose", transpose_node},
      {"Trilu", trilu_node},     {"Unsqueeze", unsqueeze_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
