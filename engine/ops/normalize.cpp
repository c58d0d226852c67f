#include "ops/normalize.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/assign.h"
#include "ops/expand.h"
#include "ops/normalize_kernels.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "ops/spatial.h"

namespace tuff {

std::string NormalizeOp::attributes() const {
  std::string text =
      fmt::format("groups={} eps={} affine={} activation={}", attributes_.groups, attributes_.eps, attributes_.affine,
                  attributes_.activation == NormalizeActivation::relu ? "relu" : "none");
  if (attributes_.running) text += fmt::format(" momentum={}", attributes_.momentum);
  if (attributes_.finite_running) text += " finite_running";
  return text;
}

namespace {

Shape statistics_shape(const NormalizeAttributes& attributes, const Shape& x) {
  return attributes.groups == 0 ? Shape{x.channels()} : Shape{x.batch(), attributes.groups};
}

void require_channels(std::string_view op, std::string_view input, const TensorType& type, const TensorType& x) {
  if (type.dtype != DType::f32 || type.shape != Shape{x.shape.channels()})
    throw Error(fmt::format("{}: {} is {}, must be f32 {} for x ({})", op, input, to_string(type), x.shape.channels(),
                            to_string(x)));
}

void require_normalizable(std::string_view op, const NormalizeAttributes& attributes, const TensorType& x) {
  require_float(op, "x", x);
  if (x.shape.rank() < 2) throw Error(fmt::format("{}: x must be (N, C, spatial...), got {}", op, to_string(x)));
  if (attributes.groups < 0 || (attributes.groups > 0 && x.shape.channels() % attributes.groups != 0))
    throw Error(fmt::format("{}: {} channels of x ({}) can't be cut into {} groups", op, x.shape.channels(),
                            to_string(x), attributes.groups));
}

// Inputs: upstream, x, mean, variance and, if affine, weight, bias. Outputs: d x and, if affine, d weight, d bias.
class NormalizeGradient : public NormalizeOp {
 public:
  using NormalizeOp::NormalizeOp;
  std::string_view name() const override { return "normalize_gradient"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0, 1}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[1];
    require_normalizable(name(), values(), x);
    if (inputs[0] != x)
      throw Error(
          fmt::format("normalize_gradient: upstream ({}) and x ({}) differ", to_string(inputs[0]), to_string(x)));
    std::vector<TensorType> result = {x};
    if (values().affine) result.insert(result.end(), 2, TensorType{DType::f32, Shape{x.shape.channels()}});
    return result;
  }

  // The pass that writes reads both element by element, after those that sum them up.
  std::vector<std::pair<int, int>> in_place() const override { return {{0, 0}, {0, 1}}; }
};

// Inputs: x, mean, variance and, if affine, weight, bias.
class NormalizeApply : public NormalizeOp {
 public:
  using NormalizeOp::NormalizeOp;
  std::string_view name() const override { return "normalize_apply"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    require_normalizable(name(), values(), x);
    const TensorType statistics{DType::f32, statistics_shape(values(), x.shape)};
    if (inputs[1] != statistics || inputs[2] != statistics)
      throw Error(fmt::format("normalize_apply: mean ({}) and variance ({}) must be {} for x ({})",
                              to_string(inputs[1]), to_string(inputs[2]), to_string(statistics), to_string(x)));
    if (values().affine) {
      require_channels(name(), "weight", inputs[3], x);
      require_channels(name(), "bias", inputs[4], x);
    }
    return {x};
  }

  std::vector<std::pair<int, int>> in_place() const override { return {{0, 0}}; }
};

class Normalize : public NormalizeOp {
 public:
  using NormalizeOp::NormalizeOp;
  std::string_view name() const override { return "normalize"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    require_normalizable(name(), values(), x);
    if (values().affine) {
      require_channels(name(), "weight", inputs[1], x);
      require_channels(name(), "bias", inputs[2], x);
    }
    const TensorType statistics{DType::f32, statistics_shape(values(), x.shape)};
    if (!values().running) return {x, statistics, statistics};
    if (values().groups != 0) throw Error("normalize: running statistics go with those of a whole batch (groups = 0)");
    require_channels(name(), "running_mean", inputs[running_input()], x);
    require_channels(name(), "running_var", inputs[running_input() + 1], x);
    return {x, statistics, statistics, statistics, statistics};
  }

  std::vector<std::pair<int, int>> in_place() const override {
    if (!values().running) return {{0, 0}};
    const auto first = static_cast<int>(running_input());
    return {{0, 0}, {3, first}, {4, first + 1}};
  }

  // What flows through the output, and more where the loss depends on the statistics themselves.
  std::vector<Value> gradient(const GradientContext& context) const override {
    std::vector<Value> gradients(context.inputs.size());
    if (context.upstream[0]) gradients = through_output(context);
    add_through_statistics(context, gradients);
    return gradients;
  }

 private:
  std::vector<Value> through_output(const GradientContext& context) const {
    std::vector<Value> inputs = {context.upstream[0], context.inputs[0], context.outputs[1], context.outputs[2]};
    if (values().affine) inputs.insert(inputs.end(), {context.inputs[1], context.inputs[2]});
    NormalizeAttributes attributes = values();
    attributes.running = attributes.finite_running = false;
    std::vector<Value> gradients =
        context.inputs[0].graph().add(std::make_shared<NormalizeGradient>(attributes), std::move(inputs));
    gradients.resize(context.inputs.size());  // none flows to running statistics
    return gradients;
  }

  // mean has 1 / n as its derivative, variance 2 (x - mean) / n, n being the values of a statistic.
  void add_through_statistics(const GradientContext& context, std::vector<Value>& gradients) const {
    Value of_mean = context.upstream[1], of_variance = context.upstream[2];
    const Value x = context.inputs[0];
    const Shape shape = x.shape();
    const auto n = static_cast<float>(shape.elements() / context.outputs[1].shape().elements());
    const auto accumulate = [](Value& total, Value more) { total = total ? add(total, more) : more; };
    for (std::size_t i = 0; values().running && i < 2; ++i) {
      const Value upstream = context.upstream[3 + i];
      if (!upstream) continue;
      const float unbiased = i == 0 || n == 1 ? 1 : n / (n - 1);
      accumulate(i == 0 ? of_mean : of_variance, mul_scalar(upstream, values().momentum * unbiased));
      gradients[running_input() + i] = mul_scalar(upstream, 1 - values().momentum);
    }
    if (of_mean) accumulate(gradients[0], along_statistics(mul_scalar(of_mean, 1 / n), shape));
    if (of_variance) {
      const Value apart = sub(x, along_statistics(context.outputs[1], shape));
      accumulate(gradients[0], mul(apart, along_statistics(mul_scalar(of_variance, 2 / n), shape)));
    }
  }

  // A statistic, (C) or (N, groups), for each element of x.
  Value along_statistics(Value statistic, const Shape& x) const {
    if (values().groups == 0) return expand(statistic, x, std::vector<int>{1});
    const std::int64_t width = x.channels() / values().groups;
    const Value repeated = expand(statistic, Shape{x.batch(), values().groups, width}, std::vector<int>{0, 1});
    return expand(reshape(repeated, Shape{x.batch(), x.channels()}, Layout::channels_last), x, std::vector<int>{0, 1});
  }
};

// (C) as (1, C, 1...) of x's rank, so that it broadcasts along the channels.
Value along_channels(Value values, Value x) {
  std::vector<std::int64_t> extents(static_cast<std::size_t>(x.shape().rank()), 1);
  extents[1] = values.shape()[0];
  return expand(values, Shape(std::move(extents)), std::vector<int>{1});
}

Value with_running_statistics(Value x, Value weight, Value bias, Value mean, Value variance,
                              const BatchNormAttributes& attributes) {
  Value scale = rsqrt(add_scalar(variance, attributes.eps));
  if (weight) scale = mul(scale, weight);
  Value shift = neg(mul(mean, scale));
  if (bias) shift = add(shift, bias);
  Value y = add(mul(x, along_channels(scale, x)), along_channels(shift, x));
  return attributes.activation == NormalizeActivation::relu ? relu(y) : y;
}

}  // namespace

Normalized normalize(Value x, Value weight, Value bias, const NormalizeAttributes& attributes, Value running_mean,
                     Value running_var) {
  if (static_cast<bool>(weight) != static_cast<bool>(bias))
    throw Error("normalize: weight and bias go together; give both or neither");
  if (static_cast<bool>(running_mean) != static_cast<bool>(running_var))
    throw Error("normalize: running_mean and running_var go together; give both or neither");
  NormalizeAttributes complete = attributes;
  complete.affine = static_cast<bool>(weight);
  complete.running = static_cast<bool>(running_mean);
  complete.finite_running &= complete.running;
  std::vector<Value> inputs = {x};
  for (const Value input : {weight, bias, running_mean, running_var})
    if (input) inputs.push_back(input);
  std::vector<Value> outputs = x.graph().add(std::make_shared<Normalize>(complete), std::move(inputs));
  outputs.resize(5);
  return {outputs[0], outputs[1], outputs[2], outputs[3], outputs[4]};
}

Value normalize_apply(Value x, Value mean, Value variance, Value weight, Value bias,
                      const NormalizeAttributes& attributes) {
  if (static_cast<bool>(weight) != static_cast<bool>(bias))
    throw Error("normalize_apply: weight and bias go together; give both or neither");
  NormalizeAttributes complete = attributes;
  complete.affine = static_cast<bool>(weight);
  complete.running = complete.finite_running = false;
  std::vector<Value> inputs = {x, mean, variance};
  if (weight) inputs.insert(inputs.end(), {weight, bias});
  return x.graph().add(std::make_shared<NormalizeApply>(complete), std::move(inputs)).front();
}

BatchNorm batch_norm(Value x, Value weight, Value bias, Value running_mean, Value running_var,
                     const BatchNormAttributes& attributes) {
  if (static_cast<bool>(running_mean) != static_cast<bool>(running_var))
    throw Error("batch_norm: running_mean and running_var go together; give both or neither");
  require_normalizable("batch_norm", {}, x.type());
  if (!attributes.training) {
    if (!running_mean) throw Error("batch_norm: without training it needs running_mean and running_var");
    require_channels("batch_norm", "running_mean", running_mean.type(), x.type());
    require_channels("batch_norm", "running_var", running_var.type(), x.type());
    if (weight) require_channels("batch_norm", "weight", weight.type(), x.type());
    if (bias) require_channels("batch_norm", "bias", bias.type(), x.type());
    return {with_running_statistics(x, weight, bias, running_mean, running_var, attributes), running_mean, running_var};
  }
  const std::int64_t count = x.shape().elements() / x.shape().channels();
  if (count == 1)
    throw Error(
        fmt::format("batch_norm: training needs more than one value per channel, x is {}", to_string(x.type())));
  const NormalizeAttributes normalization{
      .eps = attributes.eps, .activation = attributes.activation, .momentum = attributes.momentum};
  const Normalized result = normalize(x, weight, bias, normalization, running_mean, running_var);
  if (running_mean) {
    assign(running_mean, result.running_mean);
    assign(running_var, result.running_var);
  }
  return {result.output, result.mean, result.variance};
}

std::shared_ptr<const Op> with_finite_running(const Op& op) {
  const auto* normalize = dynamic_cast<const Normalize*>(&op);
  if (normalize == nullptr || !normalize->values().running) return nullptr;
  NormalizeAttributes attributes = normalize->values();
  attributes.finite_running = true;
  return std::make_shared<Normalize>(attributes);
}

Value group_norm(Value x, std::int64_t groups, Value weight, Value bias, float eps, NormalizeActivation activation) {
  if (groups < 1) throw Error(fmt::format("group_norm: {} groups; there must be at least 1", groups));
  return normalize(x, weight, bias, {.groups = groups, .eps = eps, .activation = activation}).output;
}

Value instance_norm(Value x, Value weight, Value bias, float eps, NormalizeActivation activation) {
  return group_norm(x, x.shape().channels(), weight, bias, eps, activation);
}

}  // namespace tuff
