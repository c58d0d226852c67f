#include "models/noisy_and.h"

#include <fmt/format.h>

#include "base/error.h"
#include "models/layers.h"
#include "ops/pointwise.h"

namespace tuff {

Value noisy_and(Graph& graph, Value logits, const std::string& name, float slope) {
  if (logits.shape().rank() < 3)
    throw Error(fmt::format("noisy_and: logits are {}, must be a map (N, C, spatial...)", to_string(logits.type())));
  if (!(slope > 0)) throw Error(fmt::format("noisy_and: the slope {} must be above 0", slope));
  const std::int64_t classes = logits.shape()[1];
  const auto scope = graph.scope(name), precise = graph.full_precision();
  const Value threshold = clamp(graph.parameter(name + ".threshold", {classes}, Initializer::constant(0.5f)), 0, 1);
  const Value share = global_average(sigmoid(logits));
  const Value least = sigmoid(mul_scalar(threshold, -slope));
  const Value most = sigmoid(add_scalar(mul_scalar(threshold, -slope), slope));
  return div(sub(sigmoid(mul_scalar(sub(share, threshold), slope)), least), sub(most, least));
}

}  // namespace tuff
