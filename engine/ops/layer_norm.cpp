#include "ops/layer_norm.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ops/expand.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/spatial.h"
#include "ops/statistics.h"

namespace tuff {
namespace {

// The first of the last axes of x that `normalized_shape` is.
int first_axis(std::string_view op, Value x, const Shape& normalized_shape) {
  const Shape shape = x.shape();
  const int axis = shape.rank() - normalized_shape.rank();
  bool fits = normalized_shape.rank() > 0 && axis >= 0;
  for (int i = 0; fits && i < normalized_shape.rank(); ++i) fits = shape[axis + i] == normalized_shape[i];
  if (!fits)
    throw Error(fmt::format("{}: normalized_shape {} isn't the end of x's shape ({})", op, to_string(normalized_shape),
                            to_string(x.type())));
  return axis;
}

void require_weight(std::string_view op, std::string_view name, Value weight, const Shape& normalized_shape) {
  if (weight && (weight.dtype() != DType::f32 || weight.shape() != normalized_shape))
    throw Error(
        fmt::format("{}: {} is {}, must be f32 {}", op, name, to_string(weight.type()), to_string(normalized_shape)));
}

// What the normalize op is given: the same memory, statistics per sample (one group), or per sample and channel.
struct Rows {
  Shape shape;
  std::int64_t groups;
};

Rows rows_from(const Shape& x, int axis) {
  // Rows of a matrix as pixels of one channel, not as channels: three to six times as fast on Mesa 25's software
  // driver.
  if (axis == 0) return {Shape{1, 1, x.elements()}, 1};
  if (axis == 1) return {x.rank() == 2 ? Shape{x[0], 1, x[1]} : x, 1};
  std::int64_t samples = x[0], pixels = 1;
  for (int i = 2; i < x.rank(); ++i) (i < axis ? samples : pixels) *= x[i];
  return {Shape{samples, x[1], pixels}, x[1]};
}

// One sample's worth, which elementwise ops can read in place for all samples.
Value for_samples(Value weight, const Shape& x) {
  if (x.rank() < 3 || weight.shape().rank() == x.rank()) return weight;
  std::vector<std::int64_t> extents = x.extents();
  extents[0] = 1;
  return expand(weight, Shape(std::move(extents)));
}

}  // namespace

LayerNorm layer_norm_from(Value x, int axis, Value weight, Value bias, float eps) {
  const Shape shape = x.shape();
  const int rank = shape.rank();
  require_float("layer_norm", "x", x.type());
  if (axis < -rank || axis >= rank)
    throw Error(fmt::format("layer_norm: x ({}) has no axis {}", to_string(x.type()), axis));
  if (axis < 0) axis += rank;
  const Rows rows = rows_from(shape, axis);
  const Normalized normalized =
      normalize(view_as(x, {DType::f32, rows.shape}), {}, {}, {.groups = rows.groups, .eps = eps});
  Value y = view_as(normalized.output, x.type());
  if (weight) y = mul(y, for_samples(weight, shape));
  if (bias) y = add(y, for_samples(bias, shape));
  if (y.shape() != shape)
    throw Error(fmt::format("layer_norm: weight or bias don't broadcast to x ({}), the result would be {}",
                            to_string(x.type()), to_string(y.type())));

  std::vector<std::int64_t> extents = shape.extents();
  std::fill(extents.begin() + axis, extents.end(), 1);
  const TensorType statistics{DType::f32, Shape(std::move(extents))};
  return {y, view_as(normalized.mean, statistics), rsqrt(add_scalar(view_as(normalized.variance, statistics), eps))};
}

Value layer_norm(Value x, const Shape& normalized_shape, Value weight, Value bias, float eps) {
  const int axis = first_axis("layer_norm", x, normalized_shape);
  require_weight("layer_norm", "weight", weight, normalized_shape);
  require_weight("layer_norm", "bias", bias, normalized_shape);
  return layer_norm_from(x, axis, weight, bias, eps).output;
}

Value rms_norm(Value x, const Shape& normalized_shape, Value weight, float eps) {
  const Shape shape = x.shape();
  std::vector<int> axes(static_cast<std::size_t>(normalized_shape.rank()));
  std::iota(axes.begin(), axes.end(), first_axis("rms_norm", x, normalized_shape));
  require_weight("rms_norm", "weight", weight, normalized_shape);
  const Value squares = mul_scalar(sum_of_squares(x, axes, true), 1 / static_cast<float>(normalized_shape.elements()));
  const Value y = mul(x, rsqrt(add_scalar(squares, eps)));
  return weight ? mul(y, for_samples(weight, shape)) : y;
}

Value mean_variance_normalization(Value x, std::vector<int> axes) {
  if (axes.empty())
    for (int axis = 0; axis < x.shape().rank(); ++axis)
      if (axis != 1) axes.push_back(axis);
  const Value deviation = standard_deviation(x, axes, 0, true);
  return div(sub(x, mean(x, std::move(axes), true)), add_scalar(deviation, 1e-9f));
}

}  // namespace tuff
