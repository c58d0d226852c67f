#include "ops/dropout.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/random.h"

namespace tuff {

Value dropout(Value x, Value state, const DropoutAttributes& attributes) {
  const float p = attributes.p;
  if (!(p >= 0 && p <= 1)) throw Error(fmt::format("dropout: p is {}, a probability is 0 to 1", p));
  TensorType type = x.type();
  if (attributes.channels && type.shape.rank() < 2)
    throw Error(fmt::format("dropout: x ({}) has no channels; it must be (N, C, ...)", to_string(type)));
  if (!attributes.training || p == 0) return x;
  if (!state) throw Error("dropout: training needs a random state (ops/random.h)");
  if (attributes.channels) {
    std::vector<std::int64_t> extents = type.shape.extents();
    std::fill(extents.begin() + 2, extents.end(), 1);
    type.shape = Shape(extents);
  }
  const Value kept = greater_equal(random_uniform(state, type), p);
  // A product, so that what is no number stays so where it is dropped, as in PyTorch.
  return mul(x, mul_scalar(kept, p < 1 ? 1 / (1 - p) : 0));
}

}  // namespace tuff
