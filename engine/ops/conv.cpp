#include "ops/conv.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/conv_transpose.h"
#include "ops/conv_weight_gradient.h"
#include "ops/pad.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/relayout.h"
#include "ops/resample.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

PadMode pad_mode(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::zeros: return PadMode::constant;
    case PaddingMode::reflect: return PadMode::reflect;
    case PaddingMode::replicate: return PadMode::replicate;
    case PaddingMode::circular: return PadMode::circular;
  }
  return PadMode::constant;
}

}  // namespace

Value mirrored_kernel(Value weight) {
  for (int axis = 2; axis < weight.shape().rank(); ++axis)
    weight = resample(weight, axis, mirror_table(weight.shape()[axis]));
  return weight;
}

Value conv(Value x, Value weight, Value bias, const ConvAttributes& attributes) {
  ConvAttributes resolved = resolve("conv", attributes, x.shape(), weight.shape());
  if (attributes.padding_mode != PaddingMode::zeros && x.shape().rank() >= 3) {
    x = pad(x, resolved.padding, resolved.padding_end, pad_mode(attributes.padding_mode));
    resolved.padding.assign(resolved.padding.size(), 0);
    resolved.padding_end = resolved.padding;
  }
  if (attributes.flip_kernel) weight = mirrored_kernel(weight);
  std::vector<Value> inputs = {x, weight};
  if (bias) inputs.push_back(bias);
  auto op = std::make_shared<Conv>(std::move(resolved));
  return x.graph().add(std::move(op), std::move(inputs)).front();
}

void require_conv_inputs(std::string_view op, std::span<const TensorType> inputs, Layout layout,
                         const ConvAttributes& a) {
  if (inputs.size() < 2 || inputs.size() > 3)
    throw Error(fmt::format("{}: takes x, weight and perhaps a bias, got {} inputs", op, inputs.size()));
  require_image(op, "input x", inputs[0]);
  const Shape& x = inputs[0].shape;
  const Shape& weight = inputs[1].shape;
  if (inputs[1].dtype != DType::f32 || weight.rank() != x.rank() || inputs[1].layout != layout)
    throw Error(fmt::format("{}: weight is {}, must be f32 of rank {} as input x ({}), in the op's weight layout", op,
                            to_string(inputs[1]), x.rank(), to_string(x)));
  const bool transposed = layout == Layout::transposed_weight;
  const std::int64_t in = transposed ? weight[0] : weight[1] * a.groups;
  const std::int64_t out = transposed ? weight[1] * a.groups : weight[0];
  if (in != x[1])
    throw Error(fmt::format("{}: weight {} with {} groups takes {} input channels, input x has {} (shape {})", op,
                            to_string(weight), a.groups, in, x[1], to_string(x)));
  if (in % a.groups != 0 || out % a.groups != 0)
    throw Error(
        fmt::format("{}: {} input and {} output channels can't be divided into {} groups", op, in, out, a.groups));
  if (inputs.size() == 3 && !(inputs[2] == TensorType{DType::f32, Shape{out}}))
    throw Error(
        fmt::format("{}: bias is {}, must be f32 {} for weight {}", op, to_string(inputs[2]), out, to_string(weight)));
}

std::vector<TensorType> Conv::infer(std::span<const TensorType> inputs) const {
  require_conv_inputs("conv", inputs, Layout::weight, attributes_);
  std::vector<std::int64_t> extents = conv_output_size("conv", inputs[0].shape, inputs[1].shape, attributes_);
  extents.insert(extents.begin(), {inputs[0].shape[0], inputs[1].shape[0]});
  return {{DType::f32, Shape(std::move(extents))}};
}

Value activation_gradient(const ConvAttributes& attributes, Value upstream, Value result) {
  switch (attributes.activation) {
    case Activation::none: return upstream;
    case Activation::relu: return relu_gradient(upstream, result);
    case Activation::leaky_relu: return leaky_relu_gradient(upstream, result, attributes.slope);
    case Activation::sigmoid: return mul(upstream, mul(result, add_scalar(neg(result), 1)));
    case Activation::tanh: return mul(upstream, add_scalar(neg(square(result)), 1));
  }
  return upstream;
}

Value bias_gradient(Value upstream) {
  std::vector<int> axes = {0};
  for (int axis = 2; axis < upstream.shape().rank(); ++axis) axes.push_back(axis);
  return sum(upstream, axes);
}

std::vector<Value> Conv::gradient(const GradientContext& context) const {
  const Value x = context.inputs[0], weight = context.inputs[1];
  const Value upstream = activation_gradient(attributes_, context.upstream[0], context.outputs[0]);
  ConvAttributes plain = attributes_;
  plain.activation = Activation::none;

  // The transposed convolution with the output padding that gives back exactly x's extents.
  ConvAttributes back = plain;
  for (std::size_t axis = 0; axis < plain.stride.size(); ++axis) {
    const int dimension = static_cast<int>(axis) + 2;
    const std::int64_t least = (upstream.shape()[dimension] - 1) * plain.stride[axis] - plain.padding[axis] -
                               plain.padding_end[axis] + plain.dilation[axis] * (weight.shape()[dimension] - 1) + 1;
    back.output_padding.push_back(x.shape()[dimension] - least);
  }

  // The weight's first: after it nothing needs x any more, whose memory x's own gradient can take.
  const Value dw = conv_weight_gradient(x, upstream, weight.shape(), plain);
  const Value db = context.inputs.size() == 3 ? bias_gradient(upstream) : Value{};
  const Value dx = conv_transpose(upstream, relayout(weight, Layout::transposed_weight), {}, back);
  std::vector<Value> gradients = {dx, dw};
  if (db) gradients.push_back(db);
  return gradients;
}

const ConvAttributes& conv_attributes(const Op& op) {
  return op.name() == "conv_transpose" ? static_cast<const ConvTranspose&>(op).values()
                                       : static_cast<const Conv&>(op).values();
}

ConvGeometry conv_geometry(const KernelRequest& request, bool& transposed) {
  transposed = request.op.name() == "conv_transpose";
  return conv_geometry(request.inputs[0].shape, request.outputs[0].shape, request.inputs[1].shape,
                       conv_attributes(request.op));
}

}  // namespace tuff
