#include "ops/pool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "ops/pool_kernels.h"
#include "ops/spatial.h"
#include "ops/unpool.h"

namespace tuff {

PoolAttributes resolve(const PoolAttributes& attributes, std::string_view op, const Shape& input) {
  const int axes = input.rank() - 2;
  PoolAttributes result = attributes;
  result.kernel = per_axis(op, "kernel", attributes.kernel, axes, 2, 1);
  result.stride = attributes.stride.empty() ? result.kernel : per_axis(op, "stride", attributes.stride, axes, 1, 1);
  result.padding = per_axis(op, "padding", attributes.padding, axes, 0, 0);
  result.dilation = per_axis(op, "dilation", attributes.dilation, axes, 1, 1);
  for (std::size_t a = 0; a < result.kernel.size(); ++a)
    if (2 * result.padding[a] > result.dilation[a] * (result.kernel[a] - 1) + 1)
      throw Error(fmt::format("{}: padding {} is more than half the dilated kernel {}", op,
                              fmt::join(result.padding, "x"), fmt::join(result.kernel, "x")));
  return result;
}

Shape pooled_shape(const PoolAttributes& resolved, std::string_view op, const Shape& input) {
  std::vector<std::int64_t> extents = {input[0], input[1]};
  for (int axis = 2; axis < input.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis - 2);
    const std::int64_t stride = resolved.stride[a];
    const std::int64_t room =
        input[axis] + 2 * resolved.padding[a] - resolved.dilation[a] * (resolved.kernel[a] - 1) - 1;
    if (room < 0)
      throw Error(
          fmt::format("{}: x ({}) is smaller than the window of {}", op, to_string(input), to_string(resolved)));
    std::int64_t extent = (room + (resolved.ceil_mode ? stride - 1 : 0)) / stride + 1;
    // No window may start in the right padding.
    if (resolved.ceil_mode && (extent - 1) * stride >= input[axis] + resolved.padding[a]) --extent;
    extents.push_back(extent);
  }
  return Shape(std::move(extents));
}

std::string to_string(const PoolAttributes& attributes) {
  return fmt::format("kernel={} stride={} padding={} dilation={} ceil_mode={} count_include_pad={}",
                     fmt::join(attributes.kernel, "x"), fmt::join(attributes.stride, "x"),
                     fmt::join(attributes.padding, "x"), fmt::join(attributes.dilation, "x"), attributes.ceil_mode,
                     attributes.count_include_pad);
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

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    return {{DType::f32, pooled_shape(values(), name(), inputs[0].shape)}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    auto op = std::make_shared<AvgPoolGradient>(values(), context.inputs[0].shape());
    return {context.upstream[0].graph().add(std::move(op), {context.upstream[0]})[0]};
  }
};

}  // namespace

MaxPool max_pool(Value x, const PoolAttributes& attributes) {
  require_image("max_pool", "x", x.type());
  auto op = std::make_shared<MaxPoolOp>(resolve(attributes, "max_pool", x.shape()), x.shape());
  const std::vector<Value> outputs = x.graph().add(std::move(op), {x});
  return {outputs[0], outputs[1]};
}

Value avg_pool(Value x, const PoolAttributes& attributes) {
  require_image("avg_pool", "x", x.type());
  const PoolAttributes resolved = resolve(attributes, "avg_pool", x.shape());
  for (const std::int64_t dilation : resolved.dilation)
    if (dilation != 1) throw Error(fmt::format("avg_pool: dilation {} is not supported, only 1", dilation));
  return x.graph().add(std::make_shared<AvgPool>(resolved, x.shape()), {x})[0];
}

Value max_pool_gradient(Value upstream, Value indices, const PoolAttributes& attributes, const Shape& input) {
  auto op = std::make_shared<MaxPoolGradient>(resolve(attributes, "max_pool_gradient", input), input);
  return upstream.graph().add(std::move(op), {upstream, indices})[0];
}

}  // namespace tuff
