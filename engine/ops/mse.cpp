#include "ops/mse.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"

namespace tuff {

Value mse(Value x, Value target) {
  if (x.shape() != target.shape())
    throw Error(fmt::format("mse: x ({}) and target ({}) differ", to_string(x.type()), to_string(target.type())));
  return mean(square(sub(x, target)));
}

}  // namespace tuff
