#include "ops/permute.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "base/error.h"
#include "ops/axis.h"
#include "ops/reshape.h"
#include "ops/strided.h"

namespace tuff {
namespace {

class Permute : public Op {
 public:
  Permute(std::vector<int> dims, Layout layout) : dims_(std::move(dims)), layout_(layout) {}
  const std::vector<int>& dims() const { return dims_; }

  std::string_view name() const override { return "permute"; }
  std::string attributes() const override {
    return fmt::format("dims={}{}", fmt::join(dims_, ","),
                       layout_ == Layout::channels_last ? "" : fmt::format(" layout={}", static_cast<int>(layout_)));
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    const auto rank = static_cast<std::size_t>(x.shape.rank());
    if (size_of(x.dtype) != 4 || rank > kStridedAxes)
      throw Error(
          fmt::format("permute: x must be f32 or i32 with at most {} axes, got {}", kStridedAxes, to_string(x)));
    std::vector<bool> used(rank, false);
    bool valid = dims_.size() == rank;
    std::vector<std::int64_t> extents;
    for (const int axis : dims_) {
      valid = valid && axis >= 0 && axis < x.shape.rank() && !used[static_cast<std::size_t>(axis)];
      if (!valid) break;
      used[static_cast<std::size_t>(axis)] = true;
      extents.push_back(x.shape[axis]);
    }
    if (!valid)
      throw Error(fmt::format("permute: dims {} of x ({}) must name each of its {} axes once", fmt::join(dims_, ","),
                              to_string(x), rank));
    return {{x.dtype, Shape(std::move(extents)), layout_}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    std::vector<int> inverse(dims_.size());
    for (std::size_t axis = 0; axis < dims_.size(); ++axis)
      inverse[static_cast<std::size_t>(dims_[axis])] = static_cast<int>(axis);
    return {permute(context.upstream[0], std::move(inverse), context.inputs[0].type().layout)};
  }

 private:
  std::vector<int> dims_;
  Layout layout_;
};

StridedCopy permuted(const TensorType& x, const TensorType& y, const std::vector<int>& dims) {
  const std::vector<std::int64_t> own = strides(x);
  std::vector<std::int64_t> placed;
  for (const int axis : dims) placed.push_back(own[static_cast<std::size_t>(axis)]);
  return strided_copy(y, placed);
}

std::optional<StridedCopy> describe(const KernelRequest& request) {
  return permuted(request.inputs[0], request.outputs[0], static_cast<const Permute&>(request.op).dims());
}

}  // namespace

Value permute(Value x, std::vector<int> dims, Layout layout) {
  const TensorType from = x.type();
  for (int& axis : dims)
    if (axis < 0) axis += from.shape.rank();
  auto op = std::make_shared<Permute>(dims, layout);
  const TensorType type = infer_types(*op, {&from, 1})[0];
  if (is_plain(permuted(from, type, dims))) return view_as(x, type);
  return x.graph().add(std::move(op), {x})[0];
}

Value transpose(Value x, int dim0, int dim1) {
  const int rank = x.shape().rank();
  for (int* axis : {&dim0, &dim1}) *axis = checked_axis("transpose", "x", *axis, x.type());
  std::vector<int> dims(static_cast<std::size_t>(rank));
  std::iota(dims.begin(), dims.end(), 0);
  std::swap(dims[static_cast<std::size_t>(dim0)], dims[static_cast<std::size_t>(dim1)]);
  return permute(x, std::move(dims));
}

std::vector<Kernel> permute_kernels() {
  return strided_kernels<describe>();
}

}  // namespace tuff
