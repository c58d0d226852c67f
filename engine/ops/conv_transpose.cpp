#include "ops/conv_transpose.h"

#include "ops/conv.h"
#include "ops/conv_weight_gradient.h"
#include "ops/relayout.h"
#include "ops/slice.h"

namespace tuff {

Value conv_transpose(Value x, Value weight, Value bias, const ConvAttributes& attributes) {
  ConvAttributes resolved = resolve("conv_transpose", attributes, x.shape(), weight.shape());
  if (attributes.flip_kernel) weight = mirrored_kernel(weight);
  std::vector<Value> inputs = {x, weight};
  if (bias) inputs.push_back(bias);
  auto op = std::make_shared<ConvTranspose>(std::move(resolved));
  return x.graph().add(std::move(op), std::move(inputs)).front();
}

std::vector<TensorType> ConvTranspose::infer(std::span<const TensorType> inputs) const {
  require_conv_inputs("conv_transpose", inputs, Layout::transposed_weight, attributes_);
  std::vector<std::int64_t> extents = conv_transpose_output_size(inputs[0].shape, inputs[1].shape, attributes_);
  extents.insert(extents.begin(), {inputs[0].shape[0], inputs[1].shape[1] * attributes_.groups});
  return {{DType::f32, Shape(std::move(extents))}};
}

std::vector<Value> ConvTranspose::gradient(const GradientContext& context) const {
  const Value x = context.inputs[0], weight = context.inputs[1];
  const Value upstream = activation_gradient(attributes_, context.upstream[0], context.outputs[0]);
  ConvAttributes plain = attributes_;
  plain.activation = Activation::none;
  plain.output_padding.clear();

  // conv's weight gradient with the roles exchanged: upstream is what was convolved to give x. It comes first, as in
  // conv.
  const Value dw = relayout(conv_weight_gradient(upstream, x, weight.shape(), plain), Layout::transposed_weight);
  const Value db = context.inputs.size() == 3 ? bias_gradient(upstream) : Value{};

  // An output padding of a stride or more makes further pixels that no input pixel reaches.
  Value dx = conv(upstream, relayout(weight, Layout::weight), {}, plain);
  if (dx.shape() != x.shape())
    dx = slice(dx, std::vector<std::int64_t>(static_cast<std::size_t>(x.shape().rank()), 0), x.shape().extents());

  std::vector<Value> gradients = {dx, dw};
  if (db) gradients.push_back(db);
  return gradients;
}

}  // namespace tuff
