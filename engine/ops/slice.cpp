#include "ops/slice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ops/axis.h"
#include "ops/fill.h"
#include "ops/pad.h"
#include "ops/reshape.h"
#include "ops/spatial.h"
#include "ops/strided.h"

namespace tuff {
namespace {

bool all_steps(const SliceAttributes& attributes, std::int64_t step) {
  return std::ranges::all_of(attributes.steps, [=](std::int64_t each) { return each == step; });
}

std::string text_of(const SliceAttributes& attributes) {
  const auto& [starts, ends, steps] = attributes;
  return fmt::format("starts={} ends={}{}", fmt::join(starts, "x"), fmt::join(ends, "x"),
                     all_steps(attributes, 1) ? "" : fmt::format(" steps={}", fmt::join(steps, "x")));
}

// Elements taken along an axis, 0 or less where there are none.
std::int64_t taken(std::int64_t start, std::int64_t end, std::int64_t step) {
  return (end - start + step - (step > 0 ? 1 : -1)) / step;
}

// How the part walks through x.
StridedCopy part_of(const SliceAttributes& attributes, const TensorType& x, const TensorType& part) {
  std::vector<std::int64_t> stepped = strides(x);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < stepped.size(); ++axis) {
    offset += attributes.starts[axis] * stepped[axis];
    stepped[axis] *= attributes.steps[axis];
  }
  return strided_copy(part, stepped, offset);
}

Value add_slice(Value x, SliceAttributes attributes);

// The part's gradient in its places of x, zeros between them.
class SliceGradient : public Op {
 public:
  SliceGradient(SliceAttributes attributes, Shape shape)
      : attributes_(std::move(attributes)), shape_(std::move(shape)) {}
  const SliceAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "slice_gradient"; }
  std::string attributes() const override {
    return fmt::format("{} shape={}", text_of(attributes_), to_string(shape_));
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{inputs[0].dtype, shape_, inputs[0].layout}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {add_slice(context.upstream[0], attributes_)};
  }

 private:
  SliceAttributes attributes_;
  Shape shape_;
};

class Slice : public Op {
 public:
  explicit Slice(SliceAttributes attributes) : attributes_(std::move(attributes)) {}
  const SliceAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "slice"; }
  std::string attributes() const override { return text_of(attributes_); }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    TensorType result = inputs[0];
    const auto& [starts, ends, steps] = attributes_;
    const std::size_t rank = result.shape.extents().size();
    if (starts.size() != rank || ends.size() != rank)
      throw Error(fmt::format("slice: {} starts and {} ends for {}; give one per axis", starts.size(), ends.size(),
                              to_string(result)));
    if (size_of(result.dtype) != 4) throw Error(fmt::format("slice: x must be f32 or i32, got {}", to_string(result)));
    if (rank > kStridedAxes)
      throw Error(fmt::format("slice: x ({}) must have at most {} axes", to_string(result), kStridedAxes));
    std::vector<std::int64_t> extents;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::int64_t extent = result.shape.extents()[axis], start = starts[axis], end = ends[axis];
      const std::int64_t step = steps[axis];
      const bool within = step > 0 ? end <= extent : end >= -1;
      if (start < 0 || start >= extent || !within || taken(start, end, step) < 1)
        throw Error(fmt::format("slice: {} to {}{} on axis {} is no range within {}", start, end,
                                step == 1 ? "" : fmt::format(" in steps of {}", step), axis, to_string(result)));
      extents.push_back(taken(start, end, step));
    }
    result.shape = Shape(std::move(extents));
    return {result};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    const Shape shape = context.inputs[0].shape();
    if (shape == context.upstream[0].shape()) return {add_slice(context.upstream[0], attributes_)};  // flipped back
    if (!all_steps(attributes_, 1))
      return {context.upstream[0].graph().add(std::make_shared<SliceGradient>(attributes_, shape),
                                              {context.upstream[0]})[0]};
    std::vector<std::int64_t> hi = shape.extents();
    for (std::size_t axis = 0; axis < hi.size(); ++axis) hi[axis] -= attributes_.ends[axis];
    return {pad(context.upstream[0], attributes_.starts, std::move(hi))};
  }

 private:
  SliceAttributes attributes_;
};

Value add_slice(Value x, SliceAttributes attributes) {
  auto op = std::make_shared<Slice>(std::move(attributes));
  return x.graph().add(std::move(op), {x})[0];
}

// Elements start to start + length of an axis.
Value range(Value x, int axis, std::int64_t start, std::int64_t length) {
  std::vector<std::int64_t> ends = x.shape().extents();
  std::vector<std::int64_t> starts(ends.size(), 0);
  starts[static_cast<std::size_t>(axis)] = start;
  ends[static_cast<std::size_t>(axis)] = start + length;
  return slice(x, std::move(starts), std::move(ends));
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------

Value slice(Value x, std::vector<std::int64_t> starts, std::vector<std::int64_t> ends) {
  if (x.shape().extents() == ends && std::ranges::all_of(starts, [](std::int64_t start) { return start == 0; }) &&
      starts.size() == ends.size())
    return x;
  std::vector<std::int64_t> steps(starts.size(), 1);
  return add_slice(x, {std::move(starts), std::move(ends), std::move(steps)});
}

Value slice(Value x, std::vector<std::int64_t> starts, std::vector<std::int64_t> ends,
            std::vector<std::int64_t> steps) {
  const std::vector<std::int64_t> extents = x.shape().extents();
  if (starts.size() != extents.size() || ends.size() != extents.size() || steps.size() != extents.size())
    throw Error(fmt::format("slice: {} starts, {} ends and {} steps for {}; give one per axis", starts.size(),
                            ends.size(), steps.size(), to_string(x.type())));
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    const std::int64_t extent = extents[axis], step = steps[axis];
    if (step == 0)
      throw Error(fmt::format("slice: the step on axis {} of {} is 0, must not be", axis, to_string(x.type())));
    steps[axis] = std::clamp<std::int64_t>(step, -extent, extent);  // larger ones take one element too
    const std::int64_t least = step > 0 ? 0 : -1;
    for (std::int64_t* bound : {&starts[axis], &ends[axis]})
      *bound = std::clamp(*bound < 0 ? *bound + extent : *bound, least, extent + least);
    if (taken(starts[axis], ends[axis], steps[axis]) == 1) {  // the step doesn't matter: a plain range is faster
      steps[axis] = 1;
      ends[axis] = starts[axis] + 1;
    }
  }
  if (std::ranges::all_of(steps, [](std::int64_t step) { return step == 1; }))
    return slice(x, std::move(starts), std::move(ends));
  return add_slice(x, {std::move(starts), std::move(ends), std::move(steps)});
}

Value narrow(Value x, int axis, std::int64_t start, std::int64_t length) {
  axis = checked_axis("narrow", "x", axis, x.type());
  const std::int64_t extent = x.shape()[axis], from = start < 0 ? start + extent : start;
  if (from < 0 || length < 1 || length > extent - from)
    throw Error(fmt::format("narrow: {} elements from {} on axis {} is no range within x ({})", length, start, axis,
                            to_string(x.type())));
  return range(x, axis, from, length);
}

Value select(Value x, int axis, std::int64_t index) {
  axis = checked_axis("select", "x", axis, x.type());
  const std::int64_t extent = x.shape()[axis];
  if (index < -extent || index >= extent)
    throw Error(fmt::format("select: index {} on axis {} of x ({}) must lie between {} and {}", index, axis,
                            to_string(x.type()), -extent, extent - 1));
  const Value one = range(x, axis, index < 0 ? index + extent : index, 1);
  std::vector<std::int64_t> extents = one.shape().extents();
  extents.erase(extents.begin() + axis);
  return reshape(one, std::move(extents));
}

Value flip(Value x, std::vector<int> axes) {
  SliceAttributes attributes;
  attributes.ends = x.shape().extents();
  attributes.starts.assign(attributes.ends.size(), 0);
  attributes.steps.assign(attributes.ends.size(), 1);
  for (const int axis : axes) {
    const auto at = static_cast<std::size_t>(checked_axis("flip", "x", axis, x.type()));
    const std::int64_t extent = x.shape().extents()[at];
    if (extent == 1) continue;
    attributes.starts[at] = extent - 1;
    attributes.ends[at] = -1;
    attributes.steps[at] = -1;
  }
  return all_steps(attributes, 1) ? x : add_slice(x, std::move(attributes));
}

std::vector<Value> split(Value x, const std::vector<std::int64_t>& sizes, int axis) {
  axis = checked_axis("split", "x", axis, x.type());
  if (std::ranges::any_of(sizes, [](std::int64_t size) { return size < 1; }) ||
      std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != x.shape()[axis])
    throw Error(
        fmt::format("split: sizes {} don't fill axis {} of x ({})", fmt::join(sizes, ","), axis, to_string(x.type())));
  std::vector<Value> parts;
  std::int64_t start = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(range(x, axis, start, size));
    start += size;
  }
  return parts;
}

std::vector<Value> chunk(Value x, std::int64_t chunks, int axis) {
  axis = checked_axis("chunk", "x", axis, x.type());
  if (chunks < 1)
    throw Error(fmt::format("chunk: {} chunks of x ({}), must be at least 1", chunks, to_string(x.type())));
  const std::int64_t extent = x.shape()[axis], size = (extent + chunks - 1) / chunks;
  std::vector<std::int64_t> sizes;
  for (std::int64_t start = 0; start < extent; start += size) sizes.push_back(std::min(size, extent - start));
  return split(x, sizes, axis);
}

Value center_crop(Value x, const std::vector<std::int64_t>& spatial) {
  const Shape shape = x.shape();
  if (static_cast<int>(spatial.size()) != shape.rank() - 2)
    throw Error(fmt::format("center_crop: {} sizes for the spatial axes of {}", spatial.size(), to_string(x.type())));
  std::vector<std::int64_t> starts = {0, 0};
  std::vector<std::int64_t> ends = {shape[0], shape[1]};
  for (int axis = 2; axis < shape.rank(); ++axis) {
    const std::int64_t size = spatial[static_cast<std::size_t>(axis - 2)];
    starts.push_back((shape[axis] - size) / 2);
    ends.push_back(starts.back() + size);
  }
  return slice(x, std::move(starts), std::move(ends));
}

std::shared_ptr<const Op> slice_op(SliceAttributes attributes) {
  return std::make_shared<Slice>(std::move(attributes));
}

const SliceAttributes& slice_attributes(const Op& op) {
  return static_cast<const Slice&>(op).values();
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

std::optional<StridedCopy> describe(const KernelRequest& request) {
  return part_of(static_cast<const Slice&>(request.op).values(), request.inputs[0], request.outputs[0]);
}

StridedCopy gradient_copy(const KernelRequest& request) {
  return part_of(static_cast<const SliceGradient&>(request.op).values(), request.outputs[0], request.inputs[0]);
}

std::optional<std::string> refuse_unless_aligned(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  if (!strided_vec4(gradient_copy(request)))
    return fmt::format("{} isn't written in runs of 4", to_string(request.outputs[0]));
  return std::nullopt;
}

// Zeros everywhere, then the part into its places.
template <bool vec4>
KernelDispatches emit_scatter(const KernelRequest& request) {
  const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements());
  Dispatch zeros = fill_dispatch(writes_output(0), count, 0, request.caps);
  zeros.bytes = static_cast<double>(request.outputs[0].bytes());
  return {
      {std::move(zeros), strided_scatter(reads_input(0), writes_output(0), gradient_copy(request), vec4, request.caps)},
      {}};
}

}  // namespace

std::vector<Kernel> slice_kernels() {
  return strided_kernels<describe>();
}

std::vector<Kernel> slice_gradient_kernels() {
  return {{"scatter_vec4", refuse_unless_aligned, emit_scatter<true>}, {"scatter", refuse_large, emit_scatter<false>}};
}

}  // namespace tuff
