#include "ops/unpool.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/pool_kernels.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class GatherSpatial : public Op {
 public:
  std::string_view name() const override { return "gather_spatial"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& values = inputs[0];
    const TensorType& indices = inputs[1];
    require_image(name(), "values", values);
    if (indices.dtype != DType::i32 || indices.shape.rank() != values.shape.rank() ||
        indices.shape[0] != values.shape[0] || indices.shape[1] != values.shape[1])
      throw Error(fmt::format("gather_spatial: indices are {}, must be i32 with the N and C of values ({})",
                              to_string(indices), to_string(values)));
    return {{DType::f32, indices.shape}};
  }
};

class MaxUnpool : public PoolOp {
 public:
  using PoolOp::PoolOp;
  std::string_view name() const override { return "max_unpool"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    if (inputs[1].dtype != DType::i32 || inputs[1].shape != inputs[0].shape ||
        inputs[0].shape != pooled_shape(values(), name(), unpooled()))
      throw Error(fmt::format("max_unpool: x ({}) and indices ({}) must be what max_pool makes of {} with {}",
                              to_string(inputs[0]), to_string(inputs[1]), to_string(unpooled()), to_string(values())));
    return {{DType::f32, unpooled()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {gather_spatial(context.upstream[0], context.inputs[1]), {}};
  }
};

KernelDispatches emit_gather(const KernelRequest& request) {
  const auto count = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  Dispatch dispatch;
  dispatch.shader = "unpool/gather_spatial.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count),
                        static_cast<std::uint32_t>(request.outputs[0].shape.spatial()),
                        static_cast<std::uint32_t>(request.inputs[0].shape.spatial()),
                        static_cast<std::uint32_t>(request.outputs[0].shape.channels())};
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = 3.0 * static_cast<double>(request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value max_unpool(Value x, Value indices, const PoolAttributes& attributes, const Shape& output) {
  require_image("max_unpool", "x", x.type());
  auto op = std::make_shared<MaxUnpool>(resolve(attributes, "max_unpool", output), output);
  return x.graph().add(std::move(op), {x, indices})[0];
}

Value gather_spatial(Value values, Value indices) {
  return values.graph().add(std::make_shared<GatherSpatial>(), {values, indices})[0];
}

std::vector<Kernel> gather_spatial_kernels() {
  return {{"gather", refuse_large, emit_gather}};
}

}  // namespace tuff
