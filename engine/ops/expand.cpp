#include "ops/expand.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "base/error.h"
#include "ops/reduce.h"
#include "ops/strided.h"

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
  return fmt::format(
      "shape={} axes={}{}", to_string(shape_), fmt::join(axes_, ","),
      layout_ == Layout::channels_last ? std::string() : fmt::format(" layout={}", static_cast<int>(layout_)));
}

std::vector<TensorType> Expand::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 1 || size_of(inputs[0].dtype) != 4) throw Error("expand: takes one f32 or i32 tensor");
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
  return {{inputs[0].dtype, shape_, layout_}};
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

// What x's strides are along the result's axes; 0 where the result repeats x.
std::optional<StridedCopy> describe(const KernelRequest& request) {
  const std::vector<int>& axes = static_cast<const Expand&>(request.op).axes();
  const std::vector<std::int64_t> own = strides(request.inputs[0]);
  std::vector<std::int64_t> placed(static_cast<std::size_t>(request.outputs[0].shape.rank()), 0);
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    if (request.inputs[0].shape[static_cast<int>(axis)] != 1) placed[static_cast<std::size_t>(axes[axis])] = own[axis];
  return strided_copy(request.outputs[0], placed);
}

}  // namespace

std::vector<Kernel> expand_kernels() {
  return strided_kernels<describe>();
}

}  // namespace tuff
