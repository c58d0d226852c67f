#include "ops/pool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/elementary.h"
#include "ops/pointwise.h"
#include "ops/pool_kernels.h"
#include "ops/reduce.h"
#include "ops/spatial.h"
#include "ops/unpool.h"

namespace tuff {

namespace {

PoolAttributes resolve_adaptive(const PoolAttributes& attributes, std::string_view op, const Shape& input) {
  const int axes = input.rank() - 2;
  const std::vector<std::int64_t> zeros(static_cast<std::size_t>(axes), 0);
  PoolAttributes result{.kernel = zeros, .stride = zeros, .padding = zeros, .padding_end = zeros};
  result.dilation.assign(static_cast<std::size_t>(axes), 1);
  result.output_size = per_axis(op, "output_size", attributes.output_size, axes, 1, 1);
  for (int axis = 2; axis < input.rank(); ++axis)
    if ((result.output_size[static_cast<std::size_t>(axis - 2)] + 1) * input[axis] >= std::int64_t{1} << 31)
      throw Error(fmt::format("{}: axis {} of x ({}) is too long for {} windows: their product must stay below 2^31",
                              op, axis, to_string(input), result.output_size[static_cast<std::size_t>(axis - 2)]));
  return result;
}

void resolve_auto_pad(PoolAttributes& result, std::string_view op, const Shape& input) {
  if (!is_same(result.auto_pad) || !result.padding.empty() || !result.padding_end.empty())
    throw Error(fmt::format("{}: auto_pad={} must be same_upper or same_lower, without padding", op,
                            to_string(result.auto_pad)));
  for (std::size_t a = 0; a < result.kernel.size(); ++a) {
    const std::int64_t reach = result.dilation[a] * (result.kernel[a] - 1) + 1;
    const auto [before, after] =
        split_padding(result.auto_pad, same_padding(input[static_cast<int>(a) + 2], result.stride[a], reach));
    result.padding.push_back(before);
    result.padding_end.push_back(after);
  }
  result.auto_pad = AutoPad::none;
}

}  // namespace

PoolAttributes resolve(const PoolAttributes& attributes, std::string_view op, const Shape& input) {
  if (!attributes.output_size.empty()) return resolve_adaptive(attributes, op, input);
  const int axes = input.rank() - 2;
  PoolAttributes result = attributes;
  result.kernel = per_axis(op, "kernel", attributes.kernel, axes, 2, 1);
  result.stride = attributes.stride.empty() ? result.kernel : per_axis(op, "stride", attributes.stride, axes, 1, 1);
  result.dilation = per_axis(op, "dilation", attributes.dilation, axes, 1, 1);
  if (result.auto_pad != AutoPad::none) resolve_auto_pad(result, op, input);
  result.padding = per_axis(op, "padding", result.padding, axes, 0, 0);
  result.padding_end =
      result.padding_end.empty() ? result.padding : per_axis(op, "padding_end", result.padding_end, axes, 0, 0);
  if (result.divisor_override < 0)
    throw Error(fmt::format("{}: divisor_override is {}, must be above 0", op, result.divisor_override));
  for (std::size_t a = 0; a < result.kernel.size(); ++a)
    if (std::max(result.padding[a], result.padding_end[a]) > result.dilation[a] * (result.kernel[a] - 1))
      throw Error(fmt::format("{}: padding {} and {} must be less than the dilated kernel {}", op,
                              fmt::join(result.padding, "x"), fmt::join(result.padding_end, "x"),
                              fmt::join(result.kernel, "x")));
  return result;
}

Shape pooled_shape(const PoolAttributes& resolved, std::string_view op, const Shape& input) {
  std::vector<std::int64_t> extents = {input[0], input[1]};
  extents.insert(extents.end(), resolved.output_size.begin(), resolved.output_size.end());
  for (int axis = 2; resolved.output_size.empty() && axis < input.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis - 2);
    const std::int64_t stride = resolved.stride[a];
    const std::int64_t room = input[axis] + resolved.padding[a] + resolved.padding_end[a] -
                              resolved.dilation[a] * (resolved.kernel[a] - 1) - 1;
    if (room < 0)
      throw Error(
          fmt::format("{}: x ({}) is smaller than the window of {}", op, to_string(input), to_string(resolved)));
    std::int64_t extent = (room + (resolved.ceil_mode ? stride - 1 : 0)) / stride + 1;
    // No window may start in the right padding.
    if (resolved.ceil_mode && !resolved.windows_in_padding &&
        (extent - 1) * stride >= input[axis] + resolved.padding[a])
      --extent;
    extents.push_back(extent);
  }
  return Shape(std::move(extents));
}

std::string to_string(const PoolAttributes& attributes) {
  if (!attributes.output_size.empty()) return fmt::format("output_size={}", fmt::join(attributes.output_size, "x"));
  std::string text = fmt::format("kernel={} stride={} padding={}", fmt::join(attributes.kernel, "x"),
                                 fmt::join(attributes.stride, "x"), fmt::join(attributes.padding, "x"));
  if (!attributes.padding_end.empty() && attributes.padding_end != attributes.padding)
    text += fmt::format(" padding_end={}", fmt::join(attributes.padding_end, "x"));
  text += fmt::format(" dilation={} ceil_mode={} count_include_pad={}", fmt::join(attributes.dilation, "x"),
                      attributes.ceil_mode, attributes.count_include_pad);
  if (attributes.divisor_override != 0) text += fmt::format(" divisor_override={}", attributes.divisor_override);
  if (attributes.auto_pad != AutoPad::none) text += fmt::format(" auto_pad={}", to_string(attributes.auto_pad));
  if (attributes.windows_in_padding) text += " windows_in_padding";
  return text;
}

namespace {

void require_pooled(std::string_view op, std::string_view input, const TensorType& type, DType dtype,
                    const PoolAttributes& attributes, const Shape& unpooled) {
  if (type.dtype != dtype || type.shape != pooled_shape(attributes, op, unpooled))
    throw Error(fmt::format("{}: {} is {}, not what {} makes of {}", op, input, to_string(type), to_string(attributes),
                            to_string(unpooled)));
}

class MaxPoolOp : public PoolOp {
 public:
  using PoolOp::PoolOp;
  std::string_view name() const override { return "max_pool"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    const Shape shape = pooled_shape(values(), name(), inputs[0].shape);
    return {{DType::f32, shape}, {DType::i32, shape}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    if (!context.upstream[0]) return {Value{}};
    return {max_pool_gradient(context.upstream[0], context.outputs[1], values(), context.inputs[0].shape())};
  }
};

class MaxPoolGradient : public PoolOp {
 public:
  using PoolOp::PoolOp;
  std::string_view name() const override { return "max_pool_gradient"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_pooled(name(), "upstream", inputs[0], DType::f32, values(), unpooled());
    require_pooled(name(), "indices", inputs[1], DType::i32, values(), unpooled());
    return {{DType::f32, unpooled()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {gather_spatial(context.upstream[0], context.inputs[1]), {}};
  }
};

class AvgPoolGradient : public PoolOp {
 public:
  using PoolOp::PoolOp;
  std::string_view name() const override { return "avg_pool_gradient"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_pooled(name(), "upstream", inputs[0], DType::f32, values(), unpooled());
    return {{DType::f32, unpooled()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {avg_pool(context.upstream[0], values())};
  }
};

class AvgPool : public PoolOp {
 public:
  using PoolOp::PoolOp;
  std::string_view name() const override { return "avg_pool"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    return {{DType::f32, pooled_shape(values(), name(), inputs[0].shape)}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {avg_pool_gradient(context.upstream[0], values(), context.inputs[0].shape())};
  }
};

}  // namespace

MaxPool max_pool(Value x, const PoolAttributes& attributes) {
  require_image("max_pool", "x", x.type());
  auto op = std::make_shared<MaxPoolOp>(resolve(attributes, "max_pool", x.shape()), x.shape());
  const std::vector<Value> outputs = x.graph().add(std::move(op), {x});
  return {outputs[0], outputs[1]};
}

const PoolAttributes* max_pool_attributes(const Op& op) {
  const auto* pool = dynamic_cast<const MaxPoolOp*>(&op);
  return pool == nullptr ? nullptr : &pool->values();
}

Value avg_pool(Value x, const PoolAttributes& attributes) {
  require_image("avg_pool", "x", x.type());
  return x.graph().add(std::make_shared<AvgPool>(resolve(attributes, "avg_pool", x.shape()), x.shape()), {x})[0];
}

Value avg_pool_gradient(Value upstream, const PoolAttributes& attributes, const Shape& input) {
  auto op = std::make_shared<AvgPoolGradient>(resolve(attributes, "avg_pool_gradient", input), input);
  return upstream.graph().add(std::move(op), {upstream})[0];
}

namespace {

// Windows that lie side by side where the sizes allow it, for which there are faster kernels.
PoolAttributes adaptive_windows(std::string_view op, Value x, const std::vector<std::int64_t>& output_size) {
  require_image(op, "x", x.type());
  PoolAttributes adaptive = resolve_adaptive({.output_size = output_size}, op, x.shape());
  PoolAttributes equal{.kernel = {}};
  for (std::size_t a = 0; a < adaptive.output_size.size(); ++a) {
    const std::int64_t in = x.shape()[static_cast<int>(a) + 2], out = adaptive.output_size[a];
    if (in % out != 0 || in / out > 65535) return adaptive;
    equal.kernel.push_back(in / out);
  }
  return equal;
}

Value power(Value x, float p) {
  return p == 1 ? x : p == 2 ? square(x) : pow(x, p);
}

void require_norm_type(std::string_view op, float p) {
  if (!(p > 0) || std::isinf(p)) throw Error(fmt::format("{}: norm_type is {}, must be above 0 and finite", op, p));
}

std::vector<int> spatial_axes(std::string_view op, Value x) {
  require_image(op, "x", x.type());
  std::vector<int> axes;
  for (int axis = 2; axis < x.shape().rank(); ++axis) axes.push_back(axis);
  return axes;
}

}  // namespace

Value adaptive_avg_pool(Value x, const std::vector<std::int64_t>& output_size) {
  return avg_pool(x, adaptive_windows("adaptive_avg_pool", x, output_size));
}

MaxPool adaptive_max_pool(Value x, const std::vector<std::int64_t>& output_size) {
  return max_pool(x, adaptive_windows("adaptive_max_pool", x, output_size));
}

Value lp_pool(Value x, const LpPoolAttributes& attributes) {
  require_image("lp_pool", "x", x.type());
  require_norm_type("lp_pool", attributes.norm_type);
  PoolAttributes window = resolve(attributes.window, "lp_pool", x.shape());
  const float p = attributes.norm_type;
  const Graph::Scope precise = x.graph().full_precision();  // powers exceed f16 early
  if (attributes.magnitudes) {
    window.divisor_override = 1;
    return norm_root(avg_pool(power(abs(x), p), window), p);
  }
  float elements = 1;
  for (const std::int64_t extent : window.kernel) elements *= static_cast<float>(extent);
  return norm_root(mul_scalar(avg_pool(power(x, p), window), elements), p);
}

Value global_avg_pool(Value x) {
  return mean(x, spatial_axes("global_avg_pool", x), true);
}

Value global_max_pool(Value x) {
  return max(x, spatial_axes("global_max_pool", x), true);
}

Value global_lp_pool(Value x, float norm_type) {
  require_norm_type("global_lp_pool", norm_type);
  const std::vector<int> axes = spatial_axes("global_lp_pool", x);
  const Graph::Scope precise = x.graph().full_precision();
  if (norm_type == 2) return norm_root(sum_of_squares(x, axes, true));
  return norm_root(sum(power(abs(x), norm_type), axes, true), norm_type);
}

Value max_pool_gradient(Value upstream, Value indices, const PoolAttributes& attributes, const Shape& input) {
  auto op = std::make_shared<MaxPoolGradient>(resolve(attributes, "max_pool_gradient", input), input);
  return upstream.graph().add(std::move(op), {upstream, indices})[0];
}

}  // namespace tuff
