#include "ops/reduce.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ops/expand.h"
#include "ops/pointwise.h"

namespace tuff {
namespace {

constexpr std::string_view kNames[] = {"sum", "mean", "sum_of_squares", "max", "min", "prod", "l1_norm", "logsumexp"};

std::string_view to_string(Reduction reduction) {
  return kNames[static_cast<std::size_t>(reduction)];
}

Value reduce(Reduction reduction, Value x, std::vector<int> axes, bool keepdim) {
  const int rank = x.shape().rank();
  for (int& axis : axes) {
    if (axis < -rank || axis >= rank)
      throw Error(fmt::format("{}: axis {} isn't one of x ({}), which has {}", to_string(reduction), axis,
                              tuff::to_string(x.type()), rank));
    if (axis < 0) axis += rank;
  }
  if (axes.empty()) {
    axes.resize(static_cast<std::size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  std::ranges::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  ReduceAttributes attributes{reduction, axes, {}, x.type().layout};
  if (keepdim) attributes.kept = axes;
  return x.graph().add(std::make_shared<Reduce>(std::move(attributes)), {x}).front();
}

bool contains(const std::vector<int>& axes, int axis) {
  return std::ranges::find(axes, axis) != axes.end();
}

// Where the result's axes lie in the input.
std::vector<int> remaining_axes(const ReduceAttributes& attributes, int rank) {
  std::vector<int> remaining;
  for (int axis = 0; axis < rank; ++axis)
    if (!contains(attributes.axes, axis) || contains(attributes.kept, axis)) remaining.push_back(axis);
  return remaining;
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------

Value sum(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::sum, x, std::move(axes), keepdim);
}
Value mean(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::mean, x, std::move(axes), keepdim);
}
Value sum_of_squares(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::sum_of_squares, x, std::move(axes), keepdim);
}
Value max(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::max, x, std::move(axes), keepdim);
}
Value min(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::min, x, std::move(axes), keepdim);
}
Value prod(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::prod, x, std::move(axes), keepdim);
}
Value l1_norm(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::l1_norm, x, std::move(axes), keepdim);
}
Value logsumexp(Value x, std::vector<int> axes, bool keepdim) {
  return reduce(Reduction::logsumexp, x, std::move(axes), keepdim);
}

Value sum_to(Value x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int extra = x.shape().rank() - shape.rank();
  ReduceAttributes attributes{Reduction::sum, {}, {}, x.type().layout};
  for (int axis = 0; axis < x.shape().rank(); ++axis) {
    const bool left_out = axis < extra;
    if (extra < 0 || (!left_out && shape[axis - extra] != 1 && shape[axis - extra] != x.shape()[axis]))
      throw Error(fmt::format("sum_to: {} doesn't broadcast to x ({})", to_string(shape), to_string(x.type())));
    if (!left_out && shape[axis - extra] == x.shape()[axis]) continue;
    attributes.axes.push_back(axis);
    if (!left_out) attributes.kept.push_back(axis);
  }
  return x.graph().add(std::make_shared<Reduce>(std::move(attributes)), {x}).front();
}

// ---- shapes -------------------------------------------------------------------------------------

std::string Reduce::attributes() const {
  return fmt::format("{} axes={} kept={}{}", to_string(attributes_.reduction), fmt::join(attributes_.axes, ","),
                     fmt::join(attributes_.kept, ","), attributes_.layout == Layout::weight ? " layout=weight" : "");
}

std::vector<TensorType> Reduce::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 1 || inputs[0].dtype != DType::f32)
    throw Error(fmt::format("{}: takes one f32 tensor", to_string(attributes_.reduction)));
  const Shape& shape = inputs[0].shape;
  for (const int axis : attributes_.axes)
    if (axis < 0 || axis >= shape.rank())
      throw Error(fmt::format("{}: axis {} isn't one of x ({})", to_string(attributes_.reduction), axis,
                              tuff::to_string(inputs[0])));
  std::vector<std::int64_t> extents;
  for (const int axis : remaining_axes(attributes_, shape.rank()))
    extents.push_back(contains(attributes_.axes, axis) ? 1 : shape[axis]);
  return {{DType::f32, Shape(std::move(extents)), attributes_.layout}};
}

// ---- gradient -----------------------------------------------------------------------------------

std::vector<Value> Reduce::gradient(const GradientContext& context) const {
  const Value x = context.inputs[0];
  const Shape shape = x.shape();  // a copy: adding nodes moves types
  const auto like_input = [&](Value value) {
    return expand(value, shape, remaining_axes(attributes_, shape.rank()), x.type().layout);
  };
  const Value upstream = context.upstream[0];
  switch (attributes_.reduction) {
    case Reduction::sum: return {like_input(upstream)};
    case Reduction::mean: {
      const auto parts =
          static_cast<float>(shape.elements()) / static_cast<float>(context.outputs[0].shape().elements());
      return {like_input(mul_scalar(upstream, 1.0f / parts))};
    }
    case Reduction::sum_of_squares: return {mul(like_input(mul_scalar(upstream, 2.0f)), x)};
    case Reduction::l1_norm: return {mul(like_input(upstream), sign(x))};
    case Reduction::logsumexp: return {mul(like_input(upstream), exp(sub(x, like_input(context.outputs[0]))))};
    case Reduction::prod: return {mul(like_input(upstream), product_of_others(x, context.outputs[0], like_input))};
    case Reduction::max:
    case Reduction::min: break;
  }
  const Value ties = equal(x, like_input(context.outputs[0]));
  return {mul(ties, like_input(div(upstream, reduced(Reduction::sum, ties))))};
}

Value Reduce::reduced(Reduction reduction, Value x) const {
  ReduceAttributes attributes = attributes_;
  attributes.reduction = reduction;
  return x.graph().add(std::make_shared<Reduce>(std::move(attributes)), {x}).front();
}

// The product over x where x isn't 0. A zero's is the product of all that aren't, unless there is another zero.
Value Reduce::product_of_others(Value x, Value product, const std::function<Value(Value)>& like_input) const {
  const Value zero = equal(x, 0.0f);
  const Value only_zero = equal(reduced(Reduction::sum, zero), 1.0f);
  const Value without_zeros = reduced(Reduction::prod, add(x, zero));
  return where(zero, like_input(mask(without_zeros, only_zero)), div(like_input(product), x));
}

}  // namespace tuff
