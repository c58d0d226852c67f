#include "ops/reshape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/error.h"
#include "ops/axis.h"
#include "ops/division.h"
#include "ops/spatial.h"
#include "ops/strided.h"

namespace tuff {
namespace {

void require_words(std::string_view op, const TensorType& type) {
  if (size_of(type.dtype) != 4) throw Error(fmt::format("{}: x must be f32 or i32, got {}", op, to_string(type)));
}

// The same memory under another type.
class View : public Op {
 public:
  explicit View(TensorType type) : type_(std::move(type)) {}

  std::string_view name() const override { return "view"; }
  std::string attributes() const override { return to_string(type_); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (inputs[0].dtype != type_.dtype || inputs[0].shape.elements() != type_.shape.elements())
      throw Error(fmt::format("view: {} doesn't fit the memory of {}", to_string(type_), to_string(inputs[0])));
    return {type_};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {view_as(context.upstream[0], context.inputs[0].type())};
  }

  std::vector<std::pair<int, int>> views() const override { return {{0, 0}}; }

 private:
  TensorType type_;
};

class Reshape : public Op {
 public:
  Reshape(Shape shape, Layout layout) : shape_(std::move(shape)), layout_(layout) {}

  std::string_view name() const override { return "reshape"; }
  std::string attributes() const override {
    return fmt::format("shape={}{}", to_string(shape_),
                       layout_ == Layout::channels_last ? "" : fmt::format(" layout={}", static_cast<int>(layout_)));
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_words("reshape", inputs[0]);
    if (inputs[0].shape.elements() != shape_.elements())
      throw Error(fmt::format("reshape: x ({}) has {} elements, shape {} has {}", to_string(inputs[0]),
                              inputs[0].shape.elements(), to_string(shape_), shape_.elements()));
    return {{inputs[0].dtype, shape_, layout_}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    const TensorType type = context.inputs[0].type();
    return {reshape(context.upstream[0], type.shape, type.layout)};
  }

 private:
  Shape shape_;
  Layout layout_;
};

// ---- which element goes where -------------------------------------------------------------------

// An axis in logical order with its stride in memory.
using LogicalAxis = StridedAxis;

// From the innermost outwards, neighbours merged where they are neighbours in memory too: at most three, as each layout
// keeps the spatial axes together.
std::vector<LogicalAxis> logical_axes(const TensorType& type) {
  const std::vector<std::int64_t> own = strides(type);
  std::vector<LogicalAxis> axes;
  for (int axis = type.shape.rank(); axis-- > 0;)
    axes.push_back({type.shape[axis], own[static_cast<std::size_t>(axis)]});
  return merged(axes).axes;
}

// The axes that both types have if larger ones are split; nothing where extents don't divide each other.
struct CommonAxis {
  std::int64_t extent, x_stride, y_stride;
};

std::optional<std::vector<CommonAxis>> common_axes(const TensorType& x, const TensorType& y) {
  std::vector<LogicalAxis> from = logical_axes(x), to = logical_axes(y);
  std::vector<CommonAxis> common;
  for (std::size_t a = 0, b = 0; a < from.size() && b < to.size();) {
    const std::int64_t extent = std::min(from[a].extent, to[b].extent);
    if (from[a].extent % extent != 0 || to[b].extent % extent != 0) return std::nullopt;
    common.push_back({extent, from[a].stride, to[b].stride});
    for (LogicalAxis* axis : {&from[a], &to[b]}) {
      axis->extent /= extent;
      axis->stride *= extent;
    }
    a += from[a].extent == 1;
    b += to[b].extent == 1;
  }
  return common;
}

std::optional<StridedCopy> reshape_copy(const TensorType& x, const TensorType& y) {
  std::optional<std::vector<CommonAxis>> common = common_axes(x, y);
  if (!common) return std::nullopt;
  std::ranges::sort(*common, {}, &CommonAxis::y_stride);
  std::vector<StridedAxis> axes;
  for (const CommonAxis& axis : *common) axes.push_back({axis.extent, axis.x_stride});
  return merged(axes);
}

std::optional<StridedCopy> describe(const KernelRequest& request) {
  return reshape_copy(request.inputs[0], request.outputs[0]);
}

// ---- the kernel for all that strides can't say --------------------------------------------------

// An axis with its distances between neighbours in logical row-major order and in memory.
struct PlacedAxis {
  std::int64_t extent = 1, logical = 0, stride = 0;
};

// Innermost first in logical order; filled up to three.
std::array<PlacedAxis, 3> placed_axes(const TensorType& type) {
  std::array<PlacedAxis, 3> placed;
  const std::vector<LogicalAxis> axes = logical_axes(type);
  std::int64_t logical = 1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (axis < axes.size())
      placed[axis] = {axes[axis].extent, logical, axes[axis].stride};
    else
      placed[axis] = {1, logical, type.shape.elements()};
    logical *= placed[axis].extent;
  }
  return placed;
}

KernelDispatches emit_gather(const KernelRequest& request) {
  const TensorType& result = request.outputs[0];
  const auto count = static_cast<std::uint32_t>(result.shape.elements());
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch{
      "reshape/gather.scalar", {rounds.size, 1, 1}, {reads_input(0), writes_output(0)}, {count, rounds.count}};
  std::array<PlacedAxis, 3> y = placed_axes(result), x = placed_axes(request.inputs[0]);
  std::ranges::stable_sort(y, {}, &PlacedAxis::stride);
  std::ranges::reverse(x);
  for (std::size_t axis = 0; axis < 2; ++axis)
    append_division(dispatch.constants, static_cast<std::uint32_t>(y[axis].extent));
  for (const PlacedAxis& axis : y) dispatch.constants.push_back(static_cast<std::uint32_t>(axis.logical));
  for (std::size_t axis = 0; axis < 2; ++axis)
    append_division(dispatch.constants, static_cast<std::uint32_t>(x[axis].logical));
  for (const PlacedAxis& axis : x) dispatch.constants.push_back(static_cast<std::uint32_t>(axis.stride));
  dispatch.groups = rounds.groups;
  dispatch.bytes = 2.0 * static_cast<double>(result.bytes());
  return {{dispatch}, {}};
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------

Value view_as(Value x, TensorType type) {
  if (x.type() == type) return x;
  if (type.dtype == DType::f16) type.dtype = DType::f32;  // as infer() sees them
  return x.graph().add(std::make_shared<View>(std::move(type)), {x})[0];
}

Value reshape(Value x, const Shape& shape, Layout layout) {
  const TensorType type{x.dtype(), shape, layout};
  if (x.type() == type) return x;
  auto op = std::make_shared<Reshape>(shape, layout);
  const TensorType from = x.type();
  infer_types(*op, {&from, 1});
  const std::optional<StridedCopy> copy = reshape_copy(from, type);
  if (copy && is_plain(*copy)) return view_as(x, type);
  return x.graph().add(std::move(op), {x})[0];
}

Value reshape(Value x, std::vector<std::int64_t> shape) {
  const std::string wanted = fmt::format("{}", fmt::join(shape, "x"));
  const auto open = std::ranges::find(shape, -1);
  if (open != shape.end()) {
    *open = 1;
    if (std::ranges::find(shape, -1) != shape.end())
      throw Error(fmt::format("reshape: shape {} of x ({}) has more than one -1", wanted, to_string(x.type())));
    const std::int64_t known = Shape(shape).elements();
    if (x.shape().elements() % known != 0)
      throw Error(fmt::format("reshape: x ({}) has {} elements, no multiple of the {} of shape {}", to_string(x.type()),
                              x.shape().elements(), known, wanted));
    *open = x.shape().elements() / known;
  }
  return reshape(x, Shape(std::move(shape)), Layout::channels_last);
}

Value flatten(Value x, int start_dim, int end_dim) {
  const Shape shape = x.shape();
  if (shape.rank() == 0) return reshape(x, {1});
  const int start = checked_axis("flatten", "x", start_dim, shape.rank(), x.type());
  const int end = checked_axis("flatten", "x", end_dim, shape.rank(), x.type());
  if (start > end)
    throw Error(
        fmt::format("flatten: start_dim {} of x ({}) lies behind end_dim {}", start_dim, to_string(x.type()), end_dim));
  std::vector<std::int64_t> extents = shape.extents();
  const auto first = extents.begin() + start, last = extents.begin() + end;
  *first = std::accumulate(first, last + 1, std::int64_t{1}, std::multiplies<>());
  extents.erase(first + 1, last + 1);
  return reshape(x, std::move(extents));
}

Value squeeze(Value x) {
  std::vector<std::int64_t> extents = x.shape().extents();
  std::erase(extents, 1);
  return reshape(x, std::move(extents));
}

Value squeeze(Value x, std::vector<int> axes) {
  const Shape shape = x.shape();
  for (int& axis : axes) axis = checked_axis("squeeze", "x", axis, shape.rank(), x.type());
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] != 1 || std::ranges::find(axes, axis) == axes.end()) extents.push_back(shape[axis]);
  return reshape(x, std::move(extents));
}

Value unsqueeze(Value x, int axis) {
  std::vector<std::int64_t> extents = x.shape().extents();
  extents.insert(extents.begin() + checked_axis("unsqueeze", "x", axis, x.shape().rank() + 1, x.type()), 1);
  return reshape(x, std::move(extents));
}

std::vector<Kernel> reshape_kernels() {
  std::vector<Kernel> kernels = strided_kernels<describe>();
  kernels.push_back({"gather", refuse_large, emit_gather});
  return kernels;
}

}  // namespace tuff
