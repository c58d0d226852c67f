#include "ops/expand.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ops/division.h"
#include "ops/reduce.h"
#include "ops/spatial.h"

namespace tuff {

Value expand(Value x, Shape shape, std::vector<int> axes, Layout layout) {
  if (x.type() == TensorType{x.dtype(), shape, layout}) return x;
  return x.graph().add(std::make_shared<Expand>(std::move(shape), std::move(axes), layout), {x}).front();
}

Value expand(Value x, Shape shape, Layout layout) {
  if (x.shape().rank() > shape.rank())
    throw Error(
        fmt::format("expand: x ({}) has more axes than the shape {} asked for", to_string(x.type()), to_string(shape)));
  std::vector<int> axes(static_cast<std::size_t>(x.shape().rank()));
  std::iota(axes.begin(), axes.end(), shape.rank() - x.shape().rank());
  return expand(x, std::move(shape), std::move(axes), layout);
}

Expand::Expand(Shape shape, std::vector<int> axes, Layout layout)
    : shape_(std::move(shape)), axes_(std::move(axes)), layout_(layout) {}

std::string Expand::attributes() const {
  return fmt::format("shape={} axes={}{}", to_string(shape_), fmt::join(axes_, ","),
                     layout_ == Layout::weight ? " layout=weight" : "");
}

std::vector<TensorType> Expand::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 1 || inputs[0].dtype != DType::f32) throw Error("expand: takes one f32 tensor");
  const Shape& from = inputs[0].shape;
  if (static_cast<int>(axes_.size()) != from.rank())
    throw Error(
        fmt::format("expand: x ({}) has {} axes, {} are placed", to_string(inputs[0]), from.rank(), axes_.size()));
  int previous = -1;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const int to = axes_[static_cast<std::size_t>(axis)];
    if (to <= previous || to >= shape_.rank())
      throw Error(fmt::format("expand: axes {} must increase and lie in the shape {}", fmt::join(axes_, ","),
                              to_string(shape_)));
    if (from[axis] != 1 && from[axis] != shape_[to])
      throw Error(fmt::format("expand: x ({}) doesn't broadcast to {}: extent {} is neither 1 nor {}",
                              to_string(inputs[0]), to_string(shape_), from[axis], shape_[to]));
    previous = to;
  }
  return {{DType::f32, shape_, layout_}};
}

std::vector<Value> Expand::gradient(const GradientContext& context) const {
  const TensorType& type = context.inputs[0].type();
  ReduceAttributes undo{Reduction::sum, {}, {}, type.layout};
  for (int axis = 0, next = 0; axis < shape_.rank(); ++axis) {
    const bool placed = next < type.shape.rank() && axes_[static_cast<std::size_t>(next)] == axis;
    const bool stretched = placed && type.shape[next] != shape_[axis];
    if (!placed || stretched) undo.axes.push_back(axis);
    if (stretched) undo.kept.push_back(axis);
    next += placed;
  }
  return context.inputs[0].graph().add(std::make_shared<Reduce>(std::move(undo)), {context.upstream[0]});
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

struct StridedAxis {
  std::int64_t extent, stride;  // stride in x, elements
};

// The result's axes from the innermost in memory outwards, those merged that one stride serves. `input_strides`
// are x's along the result's logical axes.
std::vector<StridedAxis> strided_axes(const TensorType& result, const std::vector<std::int64_t>& input_strides) {
  std::vector<StridedAxis> axes;
  const std::vector<int> order = memory_order(result);
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    const StridedAxis next{result.shape[*axis], input_strides[static_cast<std::size_t>(*axis)]};
    if (next.extent == 1) continue;
    if (!axes.empty() && next.stride == axes.back().extent * axes.back().stride)
      axes.back().extent *= next.extent;
    else
      axes.push_back(next);
  }
  return axes;
}

// What x's strides are along the result's axes; 0 where the result repeats x.
std::vector<std::int64_t> placed_strides(const KernelRequest& request) {
  const std::vector<int>& axes = static_cast<const Expand&>(request.op).axes();
  const std::vector<std::int64_t> own = strides(request.inputs[0]);
  std::vector<std::int64_t> placed(static_cast<std::size_t>(request.outputs[0].shape.rank()), 0);
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    if (request.inputs[0].shape[static_cast<int>(axis)] != 1) placed[static_cast<std::size_t>(axes[axis])] = own[axis];
  return placed;
}

constexpr std::size_t kStridedAxes = 5;

bool strided_vec4(const std::vector<StridedAxis>& axes) {
  if (axes.empty() || axes[0].extent % 4 != 0) return false;
  if (axes[0].stride == 0) return true;
  bool aligned = axes[0].stride == 1;
  for (std::size_t axis = 1; axis < axes.size(); ++axis) aligned = aligned && axes[axis].stride % 4 == 0;
  return aligned;
}

std::optional<std::string> refuse_vec4(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  if (strided_vec4(strided_axes(request.outputs[0], placed_strides(request)))) return std::nullopt;
  return fmt::format("{} isn't read in runs of 4 for {}", to_string(request.inputs[0]), to_string(request.outputs[0]));
}

Dispatch expand_dispatch(const KernelRequest& request, bool vec4) {
  return strided_dispatch(reads_input(0), writes_output(0), request.outputs[0], placed_strides(request), vec4,
                          request.caps);
}

}  // namespace

Dispatch strided_dispatch(BufferUse from, BufferUse to, const TensorType& result,
                          const std::vector<std::int64_t>& input_strides, bool vec4, const DeviceCaps& caps) {
  std::vector<StridedAxis> axes = strided_axes(result, input_strides);
  if (axes.size() > kStridedAxes)
    throw Error(
        fmt::format("expand: {} needs {} strides, the kernel has {}", to_string(result), axes.size(), kStridedAxes));
  vec4 = vec4 && strided_vec4(axes);
  if (axes.empty()) axes.push_back({1, 0});
  const auto used = static_cast<std::uint32_t>(axes.size());
  axes.resize(kStridedAxes, {2, 0});
  const auto count = static_cast<std::uint32_t>(result.shape.elements());
  Dispatch dispatch{vec4 ? "expand/strided.vec4" : "expand/strided.f32", {kGroupSize, 1, 1, used}, {from, to}, {count}};
  for (const StridedAxis& axis : axes) dispatch.constants.push_back(static_cast<std::uint32_t>(axis.stride));
  axes.pop_back();
  std::vector<std::uint32_t> extents, multipliers, shifts;
  for (const StridedAxis& axis : axes) {
    extents.push_back(static_cast<std::uint32_t>(axis.extent));
    const Division by = division(std::max(extents.back(), 2u));
    multipliers.push_back(by.multiplier);
    shifts.push_back(by.shift);
  }
  for (const auto& values : {extents, multipliers, shifts})
    dispatch.constants.insert(dispatch.constants.end(), values.begin(), values.end());
  const std::uint32_t invocations = vec4 ? count / 4 : count, rounds = group_rounds(invocations, caps);
  dispatch.constants.push_back(rounds);
  dispatch.groups = linear_groups(invocations, caps, rounds);
  dispatch.bytes = 2.0 * static_cast<double>(result.bytes());
  return dispatch;
}

std::vector<Kernel> expand_kernels() {
  return {
      {"strided_vec4", refuse_vec4,
       [](const KernelRequest& request) {
         return KernelDispatches{{expand_dispatch(request, true)}, {}};
       }},
      {"strided", refuse_large,
       [](const KernelRequest& request) {
         return KernelDispatches{{expand_dispatch(request, false)}, {}};
       }},
  };
}

}  // namespace tuff
