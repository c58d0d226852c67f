#include "ops/conv_weight_gradient.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

Value conv_weight_gradient(Value x, Value upstream, const Shape& weight, const ConvAttributes& attributes) {
  ConvAttributes completed = complete("conv_weight_gradient", attributes, std::max(1, x.shape().rank() - 2));
  completed.output_padding.clear();
  return x.graph().add(std::make_shared<ConvWeightGradient>(weight, std::move(completed)), {x, upstream}).front();
}

std::string ConvWeightGradient::attributes() const {
  return fmt::format("weight={} {}", to_string(weight_), to_string(attributes_));
}

std::vector<TensorType> ConvWeightGradient::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 2) throw Error("conv_weight_gradient: takes x and the gradient of the result");
  require_image("conv_weight_gradient", "input x", inputs[0]);
  require_image("conv_weight_gradient", "upstream", inputs[1]);
  const Shape& x = inputs[0].shape;
  const Shape& upstream = inputs[1].shape;
  const bool fits = weight_.rank() == x.rank() && upstream.rank() == x.rank() && x[0] == upstream[0] &&
                    x[1] == weight_[1] * attributes_.groups && upstream[1] == weight_[0];
  if (!fits)
    throw Error(fmt::format("conv_weight_gradient: x {}, upstream {} and weight {} with {} groups don't fit together",
                            to_string(x), to_string(upstream), to_string(weight_), attributes_.groups));
  return {{DType::f32, weight_, Layout::weight}};
}

}  // namespace tuff
