#include "onnx/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace tuff::onnx {
namespace {

void require_elements(const NodeContext& node, const Extents& from, const Extents& to) {
  if (product(from) != product(to) || product(to) < 0)
    node.fail(fmt::format("{} can't become {}", shape_text(from), shape_text(to)));
}

std::int64_t clamped(std::int64_t value, std::int64_t low, std::int64_t high) {
  return std::clamp(value, low, std::max(low, high));
}

SliceRange slice_range(const NodeContext& node, std::int64_t extent, std::int64_t start, std::int64_t end,
                       std::int64_t step) {
  if (step == 0) node.fail("a step of 0");
  const auto from_end = [&](std::int64_t value) { return value < 0 ? std::max(value, -extent - 1) + extent : value; };
  start = from_end(start);
  end = from_end(end);
  if (step > 0) {
    start = clamped(start, 0, extent);
    end = clamped(end, 0, extent);
    return {start, step, end > start ? (end - start - 1) / step + 1 : 0};
  }
  start = clamped(start, -1, extent - 1);
  end = clamped(end, -1, extent - 1);
  const std::int64_t stride = step == INT64_MIN ? INT64_MAX : -step;
  return {start, step, start > end ? (start - end - 1) / stride + 1 : 0};
}

}  // namespace

std::int64_t product(const Extents& shape) {
  return checked_bytes(shape, 1);
}

Extents broadcast_shapes(const NodeContext& node, const Extents& a, const Extents& b) {
  Extents result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1, from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1)
      node.fail(fmt::format("{} and {} don't broadcast", shape_text(a), shape_text(b)));
    result[result.size() - 1 - i] = from_a == 1 ? from_b : from_a;
  }
  return result;
}

Extents reshape_target(const NodeContext& node) {
  const Extents from = node.shape(0);
  Extents to = node.integers(1, "shape").value_or(Extents{});
  const bool keep_zero = node.integer("allowzero", 0) != 0;
  std::int64_t known = 1;
  std::size_t unknown = to.size();
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && !keep_zero) {
      if (i >= from.size()) node.fail(fmt::format("extent {} of {} is to be copied", i, shape_text(from)));
      to[i] = from[i];
    }
    if (to[i] == -1) {
      if (unknown != to.size()) node.fail("two extents are -1");
      unknown = i;
    } else if (to[i] < 0 || __builtin_mul_overflow(known, to[i], &known)) {
      node.fail(fmt::format("the shape {} is impossible", shape_text(to)));
    }
  }
  if (unknown != to.size()) to[unknown] = known > 0 ? product(from) / known : 0;
  require_elements(node, from, to);
  return to;
}

Extents flatten_target(const NodeContext& node) {
  const Extents from = node.shape(0);
  const auto rank = static_cast<std::int64_t>(from.size());
  std::int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) node.fail(fmt::format("axis {} of {} axes", axis, rank));
  const auto middle = from.begin() + axis;
  return {product(Extents(from.begin(), middle)), product(Extents(middle, from.end()))};
}

Extents squeeze_target(const NodeContext& node) {
  const Extents from = node.shape(0);
  const auto wanted = node.integers(1, "axes");
  std::vector<int> axes;
  if (wanted)
    axes = node.axes(*wanted, node.rank(0));
  else
    for (std::size_t i = 0; i < from.size(); ++i)
      if (from[i] == 1) axes.push_back(static_cast<int>(i));
  Extents to;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (std::ranges::find(axes, static_cast<int>(i)) == axes.end())
      to.push_back(from[i]);
    else if (from[i] != 1)
      node.fail(fmt::format("axis {} of {} isn't 1", i, shape_text(from)));
  }
  return to;
}

Extents unsqueeze_target(const NodeContext& node) {
  const Extents from = node.shape(0);
  const auto wanted = node.integers(1, "axes");
  if (!wanted) node.fail("it has no axes");
  const std::size_t rank = from.size() + wanted->size();
  Extents to(rank, 0);
  for (const int axis : node.axes(*wanted, static_cast<std::int64_t>(rank))) to[static_cast<std::size_t>(axis)] = -1;
  auto next = from.begin();
  for (std::int64_t& extent : to) extent = extent == -1 ? 1 : *next++;
  return to;
}

Extents expand_target(const NodeContext& node) {
  return broadcast_shapes(node, node.shape(0), tuff::integers(node.constant(1)));
}

std::vector<int> permutation(const NodeContext& node) {
  const auto rank = static_cast<std::size_t>(node.rank(0));
  std::vector<int> result(rank);
  std::iota(result.rbegin(), result.rend(), 0);
  if (!node.has_attribute("perm")) return result;
  const Extents given = node.integers("perm");
  if (node.axes(given, static_cast<std::int64_t>(rank)).size() != rank)
    node.fail("perm has another number of axes than its input");
  for (std::size_t i = 0; i < rank; ++i) result[i] = node.axis(given[i], static_cast<std::int64_t>(rank));
  return result;
}

std::vector<std::int64_t> split_sizes(const NodeContext& node, int axis) {
  const std::int64_t extent = node.shape(0)[static_cast<std::size_t>(axis)];
  if (const auto sizes = node.integers(1, "split")) {
    std::int64_t total = 0;
    for (const std::int64_t size : *sizes)
      if (size < 0 || __builtin_add_overflow(total, size, &total)) node.fail("a part's size is impossible");
    if (total != extent || sizes->size() != node.outputs())
      node.fail(fmt::format("{} parts of together {} for {} outputs of an extent of {}", sizes->size(), total,
                            node.outputs(), extent));
    return *sizes;
  }
  const auto parts = static_cast<std::int64_t>(node.outputs());
  if (node.integer("num_outputs", parts) != parts || parts == 0) node.fail("num_outputs isn't the number of outputs");
  if (node.opset() < 18 && extent % parts != 0)
    node.fail(fmt::format("an extent of {} isn't made of {} equal parts; before opset 18 they must be", extent, parts));
  const std::int64_t size = extent / parts + (extent % parts == 0 ? 0 : 1);
  std::vector<std::int64_t> sizes;
  for (std::int64_t part = 0; part < parts; ++part) sizes.push_back(clamped(extent - part * size, 0, size));
  return sizes;
}

std::vector<SliceRange> slice_ranges(const NodeContext& node) {
  const Extents shape = node.shape(0);
  std::vector<SliceRange> ranges;
  for (const std::int64_t extent : shape) ranges.push_back({0, 1, extent});
  const auto starts = node.integers(1, "starts"), ends = node.integers(2, "ends"), steps = node.integers(4, "steps");
  auto axes = node.integers(3, "axes");
  if (!starts || !ends) node.fail("it has no starts or no ends");
  if (!axes) axes.emplace(starts->size()), std::iota(axes->begin(), axes->end(), 0);
  node.axes(*axes, node.rank(0));  // none twice
  if (starts->size() != ends->size() || starts->size() != axes->size() || (steps && steps->size() != starts->size()))
    node.fail("starts, ends, axes and steps have different lengths");
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const auto axis = static_cast<std::size_t>(node.axis((*axes)[i], node.rank(0)));
    ranges[axis] = slice_range(node, shape[axis], (*starts)[i], (*ends)[i], steps ? (*steps)[i] : 1);
  }
  return ranges;
}

Borders pad_borders(const NodeContext& node) {
  const auto rank = static_cast<std::size_t>(node.rank(0));
  const auto pads = node.integers(1, node.has_attribute("paddings") ? "paddings" : "pads");  // opset 1's name
  if (!pads) node.fail("it has no pads");
  std::vector<std::int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has(3)) axes = tuff::integers(node.constant(3));
  node.axes(axes, node.rank(0));
  if (pads->size() != 2 * axes.size()) node.fail(fmt::format("{} pads for {} axes", pads->size(), axes.size()));
  Borders borders{.lo = Extents(rank, 0), .hi = Extents(rank, 0), .value = node.number("value", 0)};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(node.axis(axes[i], node.rank(0)));
    borders.lo[axis] = (*pads)[i];
    borders.hi[axis] = (*pads)[i + axes.size()];
  }
  if (!node.has(2)) return borders;
  if (product(node.shape(2)) != 1) node.fail("its constant_value isn't one number");
  if (const Array* value = node.known(2)) borders.value = number_at(*value, 0);
  return borders;
}

std::vector<int> reduced_axes(const NodeContext& node) {
  const Extents given = node.integers(1, "axes").value_or(Extents{});
  if (!given.empty()) return node.axes(given, node.rank(0));
  if (node.integer("noop_with_empty_axes", 0) != 0) return {};
  std::vector<int> all(static_cast<std::size_t>(node.rank(0)));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace tuff::onnx
