#include "ops/loss.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/expand.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"

namespace tuff {

Value reduce_loss(std::string_view op, Value loss, const LossOptions& options, bool over_weights) {
  const Shape shape = loss.shape();
  const Value weight = options.weight;
  if (weight) {
    if (broadcast(op, shape, weight.shape()) != shape)
      throw Error(
          fmt::format("{}: weight ({}) is larger than the loss ({})", op, to_string(weight.type()), to_string(shape)));
    loss = mul(loss, weight);
  }
  switch (options.reduction) {
    case LossReduction::none: return loss;
    case LossReduction::sum: return sum(loss);
    case LossReduction::batch_mean: return mul_scalar(sum(loss), 1.0f / static_cast<float>(shape.batch()));
    case LossReduction::mean: break;
  }
  if (!weight || !over_weights) return mean(loss);
  const auto copies = static_cast<float>(shape.elements() / weight.shape().elements());
  return div(sum(loss), mul_scalar(sum(weight), copies));
}

void require_same(std::string_view op, Value x, Value target) {
  if (x.dtype() != DType::f32 || target.dtype() != DType::f32 || x.shape() != target.shape())
    throw Error(fmt::format("{}: x ({}) and target ({}) must be f32 and of one shape", op, to_string(x.type()),
                            to_string(target.type())));
}

Value along_channels(std::string_view op, Value values, Value x) {
  const Shape shape = x.shape();
  if (shape.rank() < 2 || values.dtype() != DType::f32 || values.shape() != Shape{shape.channels()})
    throw Error(fmt::format("{}: weight is {}, must be f32 {} for x ({})", op, to_string(values.type()),
                            shape.channels(), to_string(x.type())));
  std::vector<std::int64_t> extents(static_cast<std::size_t>(shape.rank()), 1);
  extents[1] = shape.channels();
  return expand(values, Shape(std::move(extents)), std::vector<int>{1});
}

}  // namespace tuff
