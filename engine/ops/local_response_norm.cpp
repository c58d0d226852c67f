#include "ops/local_response_norm.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/pad.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/reshape.h"
#include "ops/spatial.h"

namespace tuff {

Value local_response_norm(Value x, const LocalResponseNormAttributes& attributes) {
  const TensorType type = x.type();
  require_float("local_response_norm", "x", type);
  if (type.shape.rank() < 2) throw Error(fmt::format("local_response_norm: x must be (N, C, spatial...), got {}", to_string(type)));
  if (attributes.size < 1) throw Error(fmt::format("local_response_norm: size {} must be at least 1", attributes.size));
  // Channels lie innermost in memory: each pixel's are a line, over which to pool.
  const std::int64_t channels = type.shape.channels(), size = attributes.size;
  Value squares = view_as(square(x), {DType::f32, Shape{type.shape.elements() / channels, 1, channels}});
  const std::int64_t after = attributes.forward ? size / 2 : (size - 1) / 2, before = size - 1 - after;
  if (before != after) squares = pad(squares, {0, 0, before}, {0, 0, after});
  const Value means = avg_pool(squares, {.kernel = {size}, .stride = {1}, .padding = {before == after ? before : 0}});
  const Value scale = add_scalar(mul_scalar(view_as(means, type), attributes.alpha), attributes.k);
  return mul(x, pow(scale, -attributes.beta));
}

}  // namespace tuff
