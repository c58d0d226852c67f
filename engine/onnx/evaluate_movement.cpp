// Operators that place elements elsewhere without looking at them: any element type, copied by bytes.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "onnx/evaluate.h"
#include "onnx/shapes.h"

namespace tuff::onnx {
namespace {

Arrays reshaped(const EvaluationContext& node, Extents shape) {
  Array result = node.array(0);
  result.shape = std::move(shape);
  return {std::move(result)};
}

Arrays reshape(const EvaluationContext& node) {
  return reshaped(node, reshape_target(node));
}
Arrays flatten(const EvaluationContext& node) {
  return reshaped(node, flatten_target(node));
}
Arrays squeeze(const EvaluationContext& node) {
  return reshaped(node, squeeze_target(node));
}
Arrays unsqueeze(const EvaluationContext& node) {
  return reshaped(node, unsqueeze_target(node));
}
Arrays identity(const EvaluationContext& node) {
  return {node.array(0)};
}
Arrays expand(const EvaluationContext& node) {
  return {expand_array(node, node.array(0), expand_target(node))};
}

Array permuted(const EvaluationContext& node, const Array& x, const std::vector<int>& order) {
  const Extents strides = row_major_strides(x.shape);
  Extents shape, from;
  for (const int axis : order) {
    shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
    from.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  return strided_copy(node, x, shape, from, 0);
}

Arrays transpose(const EvaluationContext& node) {
  return {permuted(node, node.array(0), permutation(node))};
}

Arrays concat(const EvaluationContext& node) {
  const int axis = node.axis(node.integer("axis", 1), node.rank(0));
  Extents shape = node.shape(0);
  std::int64_t& total = shape[static_cast<std::size_t>(axis)] = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    Extents other = node.shape(i);
    if (other.size() != shape.size() || node.type(i) != node.type(0))
      node.fail("its inputs have different ranks or types");
    if (__builtin_add_overflow(total, std::exchange(other[static_cast<std::size_t>(axis)], 0), &total))
      node.fail("its inputs are too long");
    other[static_cast<std::size_t>(axis)] = total;
    if (other != shape) node.fail("its inputs have different extents beside the axis");
  }
  Array result = node.make(node.type(0), shape);
  if (result.elements() == 0) return {std::move(result)};
  const std::size_t outer = static_cast<std::size_t>(product(Extents(shape.begin(), shape.begin() + axis)));
  std::size_t to = 0;
  for (std::size_t row = 0; row < outer; ++row) {
    for (std::size_t i = 0; i < node.inputs(); ++i) {
      const std::vector<std::byte>& data = node.array(i).data;
      const std::size_t bytes = data.size() / outer;
      std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(row * bytes), bytes,
                  result.data.begin() + static_cast<std::ptrdiff_t>(to));
      to += bytes;
    }
  }
  return {std::move(result)};
}

// The box of x that ranges name.
Array sliced(const EvaluationContext& node, const Array& x, const std::vector<SliceRange>& ranges) {
  Extents shape;
  for (const SliceRange& range : ranges) shape.push_back(range.count);
  Extents strides = row_major_strides(x.shape);
  std::int64_t start = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) return node.make(x.type, shape);
    start += ranges[axis].start * strides[axis];
    strides[axis] = shape[axis] == 1 ? 0 : strides[axis] * ranges[axis].step;  // a step that isn't taken may be any
  }
  return strided_copy(node, x, shape, strides, start);
}

Arrays slice(const EvaluationContext& node) {
  return {sliced(node, node.array(0), slice_ranges(node))};
}

Arrays split(const EvaluationContext& node) {
  const int axis = node.axis(node.integer("axis", 0), node.rank(0));
  std::vector<SliceRange> ranges;
  for (const std::int64_t extent : node.shape(0)) ranges.push_back({0, 1, extent});
  SliceRange& part = ranges[static_cast<std::size_t>(axis)];
  Arrays results;
  std::int64_t begin = 0;
  for (const std::int64_t size : split_sizes(node, axis)) {
    part = {begin, 1, size};
    results.push_back(sliced(node, node.array(0), ranges));
    begin += size;
  }
  return results;
}

Arrays tile(const EvaluationContext& node) {
  const Array& x = node.array(0);
  const std::vector<std::int64_t> repeats = integers(node.array(1));
  if (repeats.size() != x.shape.size()) node.fail("repeats has another number of axes than its input");
  const Extents strides = row_major_strides(x.shape);
  Extents shape, walked, steps;  // each axis as two: its repetitions, and itself
  for (std::size_t axis = 0; axis < repeats.size(); ++axis) {
    std::int64_t extent = 0;
    if (repeats[axis] < 0 || __builtin_mul_overflow(x.shape[axis], repeats[axis], &extent))
      node.fail("its repeats are impossible");
    shape.push_back(extent);
    walked.insert(walked.end(), {repeats[axis], x.shape[axis]});
    steps.insert(steps.end(), {0, strides[axis]});
  }
  Array result = strided_copy(node, x, walked, steps, 0);
  result.shape = std::move(shape);
  return {std::move(result)};
}

enum class PadMode : std::uint8_t { constant, edge, wrap, reflect };

PadMode pad_mode(const EvaluationContext& node) {
  const std::string mode = node.text("mode", "constant");
  if (mode == "constant") return PadMode::constant;
  if (mode == "edge") return PadMode::edge;
  if (mode == "wrap") return PadMode::wrap;
  if (mode == "reflect") return PadMode::reflect;
  node.unsupported("mode " + mode);
}

// Where position `at` of a padded axis comes from; -1: the constant.
std::int64_t padded_source(PadMode mode, std::int64_t at, std::int64_t extent) {
  if (at >= 0 && at < extent) return at;
  if (mode == PadMode::constant) return -1;
  if (mode == PadMode::edge) return std::clamp<std::int64_t>(at, 0, extent - 1);
  if (mode == PadMode::wrap) return (at % extent + extent) % extent;
  if (extent == 1) return 0;
  const std::int64_t period = 2 * (extent - 1), inside = (at % period + period) % period;  // reflect
  return inside < extent ? inside : period - inside;
}

// x with `extent` positions along an axis, `before` of them before its first.
Array padded_along(const EvaluationContext& node, const Array& x, std::size_t axis, std::int64_t before,
                   std::int64_t extent, PadMode mode, const Array& value) {
  Extents shape = x.shape;
  const std::int64_t old = std::exchange(shape[axis], extent);
  Array result = node.make(x.type, shape);
  if (result.elements() == 0) return result;
  const auto behind = shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1;
  const Extents inner(behind, shape.end());
  const std::int64_t outer = product(Extents(shape.begin(), behind - 1));
  const Array blank = expand_array(node, value, inner);  // what the constant makes of a position
  const std::size_t bytes = blank.data.size();
  const std::byte* from = x.data.data();
  std::byte* to = result.data.data();
  for (std::int64_t row = 0; row < outer; ++row, from += static_cast<std::size_t>(old) * bytes) {
    for (std::int64_t i = 0; i < extent; ++i, to += bytes) {
      const std::int64_t source = padded_source(mode, i - before, old);
      std::memcpy(to, source < 0 ? blank.data.data() : from + static_cast<std::size_t>(source) * bytes, bytes);
    }
  }
  return result;
}

constexpr std::int64_t kMostPad = std::int64_t{1} << 48;

Arrays pad(const EvaluationContext& node) {
  Array x = node.array(0);
  const Borders borders = pad_borders(node);
  const PadMode mode = pad_mode(node);
  Extents shape = x.shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (borders.lo[axis] < -kMostPad || borders.hi[axis] < -kMostPad) node.fail("its pads are impossible");
    if (__builtin_add_overflow(shape[axis], borders.lo[axis], &shape[axis]) ||
        __builtin_add_overflow(shape[axis], borders.hi[axis], &shape[axis]) || shape[axis] < 0)
      node.fail("its pads are impossible");
    if (x.shape[axis] == 0 && shape[axis] > 0 && mode != PadMode::constant) node.fail("nothing to pad with");
  }
  Array result = node.make(x.type, shape);
  if (result.elements() == 0) return {std::move(result)};
  Array wide(ElementType::f64, {});
  wide.as<double>()[0] = borders.value;
  Array value = node.has(2) ? node.array(2) : convert(wide, x.type);
  if (value.type != x.type) node.fail("its constant_value is of another type");
  value.shape = {};
  // What is cut off goes first, so that nothing between is larger than x and the result.
  for (const bool longer : {false, true})
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      if ((borders.lo[axis] != 0 || borders.hi[axis] != 0) && longer == (shape[axis] > node.shape(0)[axis]))
        x = padded_along(node, x, axis, borders.lo[axis], shape[axis], mode, value);
  return {std::move(x)};
}

// Trilu: the rest of each matrix becomes 0.
Arrays trilu(const EvaluationContext& node) {
  Array x = node.array(0);
  if (x.rank() < 2) node.fail("its input is no matrix");
  const bool upper = node.integer("upper", 1) != 0;
  const std::int64_t k = node.has(1) ? node.single_integer(1) : 0;
  const Array zero(x.type, {});
  IndexWalk walk(x.shape);
  const std::size_t row = x.shape.size() - 2;
  for (std::int64_t i = 0; i < x.elements(); ++i, walk.next()) {
    const std::int64_t distance = walk.index()[row + 1] - walk.index()[row];
    if (upper ? distance < k : distance > k) copy_element(zero, 0, x, i);
  }
  return {std::move(x)};
}

Arrays reverse_sequence(const EvaluationContext& node) {
  const Array& x = node.array(0);
  const std::vector<std::int64_t> lengths = integers(node.array(1));
  const auto batch = static_cast<std::size_t>(node.axis(node.integer("batch_axis", 1), node.rank(0)));
  const auto time = static_cast<std::size_t>(node.axis(node.integer("time_axis", 0), node.rank(0)));
  if (std::ssize(lengths) != x.shape[batch]) node.fail("sequence_lens has another length than the batch axis");
  for (const std::int64_t length : lengths)
    if (length < 0 || length > x.shape[time]) node.fail("a sequence is longer than its axis");
  const Extents strides = row_major_strides(x.shape);
  Array result = node.make(x.type, x.shape);
  IndexWalk walk(x.shape);
  for (std::int64_t i = 0; i < result.elements(); ++i, walk.next()) {
    const std::int64_t at = walk.index()[time], length = lengths[static_cast<std::size_t>(walk.index()[batch])];
    copy_element(x, at < length ? i + (length - 1 - 2 * at) * strides[time] : i, result, i);
  }
  return {std::move(result)};
}

Arrays split_channels(const EvaluationContext& node, const std::vector<int>& order, const Extents& inner,
                      Extents shape) {
  Array x = node.array(0);
  x.shape = inner;
  Array result = permuted(node, x, order);
  result.shape = std::move(shape);
  return {std::move(result)};
}

// The shape of four axes that blocks of `block` x `block` are taken from.
Extents shape_for_blocks(const EvaluationContext& node, std::int64_t block) {
  const Extents s = node.shape(0);
  const bool fits = s.size() == 4 && block >= 1 && block <= 1 << 15 &&
                    std::ranges::all_of(s, [](std::int64_t extent) { return extent <= INT32_MAX; });
  if (!fits) node.fail(fmt::format("a block size of {} doesn't fit {}", block, shape_text(s)));
  return s;
}

Arrays depth_to_space(const EvaluationContext& node) {
  const std::int64_t block = node.integer("blocksize", 0);
  const Extents s = shape_for_blocks(node, block);
  if (s[1] % (block * block) != 0) node.fail("the block size doesn't fit " + shape_text(s));
  const std::int64_t depth = s[1] / (block * block);
  const Extents shape = {s[0], depth, s[2] * block, s[3] * block};
  if (node.choice("mode", "DCR", {"DCR", "CRD"}) == "CRD")
    return split_channels(node, {0, 1, 4, 2, 5, 3}, {s[0], depth, block, block, s[2], s[3]}, shape);
  return split_channels(node, {0, 3, 4, 1, 5, 2}, {s[0], block, block, depth, s[2], s[3]}, shape);
}

Arrays space_to_depth(const EvaluationContext& node) {
  const std::int64_t block = node.integer("blocksize", 0);
  const Extents s = shape_for_blocks(node, block);
  if (s[2] % block != 0 || s[3] % block != 0) node.fail("the block size doesn't fit " + shape_text(s));
  const bool inner = node.choice("mode", "DCR", {"DCR", "CRD"}) == "CRD";
  return split_channels(node, inner ? std::vector<int>{0, 1, 3, 5, 2, 4} : std::vector<int>{0, 3, 5, 1, 2, 4},
                        {s[0], s[1], s[2] / block, block, s[3] / block, block},
                        {s[0], s[1] * block * block, s[2] / block, s[3] / block});
}

}  // namespace

std::span<const EvaluatorRow> movement_evaluators() {
  static constexpr EvaluatorRow kRows[] = {
      {"Concat", concat},     {"DepthToSpace", depth_to_space},
      {"Expand", expand},     {"Flatten", flatten},
      {"Identity", identity}, {"Pad", pad},
      {"Reshape", reshape},   {"ReverseSequence", reverse_sequence},
      {"Slice", slice},       {"SpaceToDepth", space_to_depth},
      {"Split", split},       {"Squeeze", squeeze},
      {"Tile", tile},         {"Transpose", transpose},
      {"Trilu", trilu},       {"Unsqueeze", unsqueeze},
  };
  return kRows;
}

}  // namespace tuff::onnx
