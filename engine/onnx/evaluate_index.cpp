// Operators that read or write elements at positions that another array names.
#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "onnx/evaluate.h"
#include "onnx/shapes.h"

namespace tuff::onnx {
namespace {

std::int64_t checked(const EvaluationContext& node, std::int64_t index, std::int64_t extent) {
  const std::int64_t resolved = index < 0 ? index + extent : index;
  if (resolved < 0 || resolved >= extent) node.fail(fmt::format("index {} of an extent of {}", index, extent));
  return resolved;
}

std::int64_t position(const Extents& index, const Extents& strides) {
  std::int64_t at = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) at += index[axis] * strides[axis];
  return at;
}

Arrays gather(const EvaluationContext& node) {
  const Array &x = node.array(0), &indices = node.array(1);
  node.require_integers(1);
  const auto axis = static_cast<std::size_t>(node.axis(node.integer("axis", 0), node.rank(0)));
  const std::vector<std::int64_t> at = integers(indices);
  Extents shape(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape.end());
  Array result = node.make(x.type, shape);
  const std::int64_t inner = row_major_strides(x.shape)[axis], count = std::ssize(at), extent = x.shape[axis];
  if (result.elements() == 0) return {std::move(result)};
  for (std::int64_t i = 0; i < result.elements(); ++i) {
    const std::int64_t row = i / inner, outer = row / count;
    copy_element(
        x, (outer * extent + checked(node, at[static_cast<std::size_t>(row % count)], extent)) * inner + i % inner,
        result, i);
  }
  return {std::move(result)};
}

// Calls f(element of the indices, element of x that it names).
template <class F>
void for_each_named(const EvaluationContext& node, const Array& x, const Array& indices, F&& f) {
  node.require_integers(1);
  const auto axis = static_cast<std::size_t>(node.axis(node.integer("axis", 0), node.rank(0)));
  if (indices.shape.size() != x.shape.size()) node.fail("data and indices have different ranks");
  for (std::size_t i = 0; i < x.shape.size(); ++i)
    if (i != axis && indices.shape[i] > x.shape[i])
      node.fail(fmt::format("indices {} reach beyond {}", shape_text(indices.shape), shape_text(x.shape)));
  const std::vector<std::int64_t> at = integers(indices);
  const Extents strides = row_major_strides(x.shape);
  IndexWalk walk(indices.shape);
  for (std::int64_t i = 0; i < indices.elements(); ++i, walk.next()) {
    Extents index = walk.index();
    index[axis] = checked(node, at[static_cast<std::size_t>(i)], x.shape[axis]);
    f(i, position(index, strides));
  }
}

Arrays gather_elements(const EvaluationContext& node) {
  const Array& x = node.array(0);
  Array result = node.make(x.type, node.shape(1));
  for_each_named(node, x, node.array(1),
                 [&](std::int64_t to, std::int64_t from) { copy_element(x, from, result, to); });
  return {std::move(result)};
}

// What the last axis of `indices` names in x, with `batch` leading axes in common: blocks of the other axes.
struct Blocks {
  std::size_t batch = 0, depth = 0;  // axes of x: in common, and in common or named
  Extents shape;                     // of all blocks: the rows of the indices, then the block
  std::int64_t elements = 0;         // of one
};

Blocks blocks_of(const EvaluationContext& node, const Array& x, const Array& indices, std::size_t batch) {
  node.require_integers(1);
  if (indices.shape.empty()) node.fail("its indices are a scalar");
  const std::int64_t named = indices.shape.back();
  const std::size_t depth = batch + static_cast<std::size_t>(named);
  if (named < 0 || depth > x.shape.size() || batch >= indices.shape.size())
    node.fail("its indices have too many components");
  if (!std::equal(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(batch), indices.shape.begin()))
    node.fail("the batch axes differ");
  const auto rest = x.shape.begin() + static_cast<std::ptrdiff_t>(depth);
  Blocks blocks{.batch = batch,
                .depth = depth,
                .shape = {indices.shape.begin(), indices.shape.end() - 1},
                .elements = product(Extents(rest, x.shape.end()))};
  blocks.shape.insert(blocks.shape.end(), rest, x.shape.end());
  return blocks;
}

// Calls f(first element among all blocks, first element in x) for each block; there must be elements.
template <class F>
void for_each_block(const EvaluationContext& node, const Array& x, const Array& indices, const Blocks& blocks, F&& f) {
  const std::vector<std::int64_t> at = integers(indices);
  const std::int64_t named = indices.shape.back();
  const Extents strides = row_major_strides(x.shape);
  const Extents rows(indices.shape.begin(), indices.shape.end() - 1);
  IndexWalk walk(rows);
  for (std::int64_t row = 0; row < product(rows); ++row, walk.next()) {
    std::int64_t first = 0;
    for (std::size_t axis = 0; axis < blocks.depth; ++axis) {
      const bool common = axis < blocks.batch;
      const std::int64_t index =
          common ? walk.index()[axis]
                 : checked(node, at[static_cast<std::size_t>(row * named) + axis - blocks.batch], x.shape[axis]);
      first += index * strides[axis];
    }
    f(row * blocks.elements, first);
  }
}

Arrays gather_nd(const EvaluationContext& node) {
  const Array &x = node.array(0), &indices = node.array(1);
  const auto batch = static_cast<std::size_t>(std::max<std::int64_t>(node.integer("batch_dims", 0), 0));
  const Blocks blocks = blocks_of(node, x, indices, batch);
  Array result = node.make(x.type, blocks.shape);
  if (result.elements() == 0) return {std::move(result)};
  for_each_block(node, x, indices, blocks, [&](std::int64_t to, std::int64_t from) {
    for (std::int64_t i = 0; i < blocks.elements; ++i) copy_element(x, from + i, result, to + i);
  });
  return {std::move(result)};
}

// How a written element meets the one that is there: by the attribute "reduction".
class Scatter {
 public:
  Scatter(const EvaluationContext& node, const Array& updates)
      : reduction_(node.text("reduction", "none")), updates_(updates), result_(node.array(0)) {
    if (updates.type != result_.type) node.fail("data and updates have different types");
    if (reduction_ != "none" && reduction_ != "add" && reduction_ != "mul" && reduction_ != "max" &&
        reduction_ != "min")
      node.unsupported("reduction " + reduction_);
  }
  void write(std::int64_t from, std::int64_t to) {
    if (reduction_ == "none") return copy_element(updates_, from, result_, to);
    visit(result_.type, [&]<class T>() {
      T& there = result_.as<T>()[static_cast<std::size_t>(to)];
      const T value = updates_.as<T>()[static_cast<std::size_t>(from)];
      if constexpr (std::is_arithmetic_v<T>)
        there = combined(there, value);
      else
        there = T(combined(static_cast<float>(there), static_cast<float>(value)));
    });
  }
  Array result() { return std::move(result_); }

 private:
  template <class T>
  T combined(T a, T b) const {
    if (reduction_ == "max") return std::max(a, b);
    if (reduction_ == "min") return std::min(a, b);
    return static_cast<T>(reduction_ == "add" ? a + b : a * b);
  }
  std::string reduction_;
  const Array& updates_;
  Array result_;
};

Arrays scatter_elements(const EvaluationContext& node) {
  const Array &indices = node.array(1), &updates = node.array(2);
  if (indices.shape != updates.shape) node.fail("indices and updates have different shapes");
  Scatter scatter(node, updates);
  for_each_named(node, node.array(0), indices, [&](std::int64_t from, std::int64_t to) { scatter.write(from, to); });
  return {scatter.result()};
}

Arrays scatter_nd(const EvaluationContext& node) {
  const Array &x = node.array(0), &indices = node.array(1), &updates = node.array(2);
  Scatter scatter(node, updates);
  const Blocks blocks = blocks_of(node, x, indices, 0);
  if (updates.elements() != product(blocks.shape)) node.fail("its updates don't fit its indices");
  if (updates.elements() == 0) return {scatter.result()};
  for_each_block(node, x, indices, blocks, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = 0; i < blocks.elements; ++i) scatter.write(from + i, to + i);
  });
  return {scatter.result()};
}

Arrays one_hot(const EvaluationContext& node) {
  const std::vector<std::int64_t> indices = integers(node.array(0)), depths = integers(node.array(1));
  const Array& values = node.array(2);
  if (depths.size() != 1 || values.elements() != 2 || depths[0] < 0) node.fail("its depth or values are impossible");
  const std::int64_t depth = depths[0];
  const int axis = node.axis(node.integer("axis", -1), node.rank(0) + 1);
  Extents shape = node.shape(0);
  shape.insert(shape.begin() + axis, depth);
  Array result = node.make(values.type, shape);
  for (std::int64_t i = 0; i < result.elements(); ++i) copy_element(values, 0, result, i);
  const std::int64_t inner = row_major_strides(shape)[static_cast<std::size_t>(axis)];
  for (std::int64_t i = 0; i < std::ssize(indices) && depth > 0; ++i) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)], at = index < 0 ? index + depth : index;
    if (at >= 0 && at < depth) copy_element(values, 1, result, (i / inner * depth + at) * inner + i % inner);
  }
  return {std::move(result)};
}

Arrays compress(const EvaluationContext& node) {
  Array x = node.array(0);
  if (!node.has_attribute("axis")) x.shape = {x.elements()};
  const auto axis = static_cast<std::size_t>(node.axis(node.integer("axis", 0), x.rank()));
  std::vector<std::int64_t> kept;
  const Array condition = convert(node.array(1), ElementType::boolean);
  for (std::int64_t i = 0; i < std::min(condition.elements(), x.shape[axis]); ++i)
    if (condition.data[static_cast<std::size_t>(i)] != std::byte{0}) kept.push_back(i);
  Extents shape = x.shape;
  shape[axis] = std::ssize(kept);
  Array result = node.make(x.type, shape);
  const std::int64_t inner = row_major_strides(x.shape)[axis], extent = x.shape[axis], count = std::ssize(kept);
  for (std::int64_t i = 0; i < result.elements(); ++i) {
    const std::int64_t row = i / inner;
    copy_element(x, (row / count * extent + kept[static_cast<std::size_t>(row % count)]) * inner + i % inner, result,
                 i);
  }
  return {std::move(result)};
}

Arrays non_zero(const EvaluationContext& node) {
  const Array x = convert(node.array(0), ElementType::boolean);
  const auto count =
      static_cast<std::size_t>(std::ranges::count_if(x.data, [](std::byte value) { return value != std::byte{0}; }));
  Array result = node.make(ElementType::i64, {node.rank(0), static_cast<std::int64_t>(count)});
  IndexWalk walk(x.shape);
  std::size_t column = 0;
  for (std::int64_t i = 0; i < x.elements(); ++i, walk.next()) {
    if (x.data[static_cast<std::size_t>(i)] == std::byte{0}) continue;
    for (std::size_t axis = 0; axis < x.shape.size(); ++axis)
      result.as<std::int64_t>()[axis * count + column] = walk.index()[axis];
    ++column;
  }
  return {std::move(result)};
}

}  // namespace

std::span<const EvaluatorRow> index_evaluators() {
  static constexpr EvaluatorRow kRows[] = {
      {"Compress", compress},
      {"Gather", gather},
      {"GatherElements", gather_elements},
      {"GatherND", gather_nd},
      {"NonZero", non_zero},
      {"OneHot", one_hot},
      {"Scatter", scatter_elements},
      {"ScatterElements", scatter_elements},
      {"ScatterND", scatter_nd},
  };
  return kRows;
}

}  // namespace tuff::onnx
