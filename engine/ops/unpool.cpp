#include "ops/unpool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "ops/pool_kernels.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class GatherSpatial : public Op {
 public:
  std::string_view name() const override { return "gather_spatial"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
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

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
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

class Reindex : public Op {
 public:
  Reindex(std::vector<std::int64_t> spatial, bool column_major, bool to_plane)
      : spatial_(std::move(spatial)), column_major_(column_major), to_plane_(to_plane) {}
  const std::vector<std::int64_t>& spatial() const { return spatial_; }
  bool column_major() const { return column_major_; }
  bool to_plane() const { return to_plane_; }

  std::string_view name() const override { return "reindex"; }
  std::string attributes() const override {
    return fmt::format("spatial={} column_major={} to_plane={}", fmt::join(spatial_, "x"), column_major_, to_plane_);
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const Shape& shape = inputs[0].shape;
    if (inputs[0].dtype != DType::i32 || shape.rank() < 3 ||
        static_cast<std::size_t>(shape.rank()) != spatial_.size() + 2)
      throw Error(fmt::format("reindex: indices are {}, must be i32 (N, C, ...) with {} spatial axes",
                              to_string(inputs[0]), spatial_.size()));
    std::vector<std::int64_t> whole = {shape[0], shape[1]};
    whole.insert(whole.end(), spatial_.begin(), spatial_.end());
    if (Shape(whole).elements() >= std::int64_t{1} << 31)
      throw Error(fmt::format("reindex: a tensor of {} has 2^31 or more elements, more than i32 counts",
                              to_string(Shape(whole))));
    return {inputs[0]};
  }

  std::vector<Value> gradient(const GradientContext&) const override { return {Value{}}; }

 private:
  std::vector<std::int64_t> spatial_;
  bool column_major_, to_plane_;
};

Value reindex(Value indices, const std::vector<std::int64_t>& spatial, bool column_major, bool to_plane) {
  return indices.graph().add(std::make_shared<Reindex>(spatial, column_major, to_plane), {indices})[0];
}

KernelDispatches emit_reindex(const KernelRequest& request) {
  const auto& op = static_cast<const Reindex&>(request.op);
  const Shape& shape = request.outputs[0].shape;
  const auto count = static_cast<std::uint64_t>(shape.elements());
  Dispatch dispatch;
  dispatch.shader = "unpool/reindex.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(shape.spatial()),
                        static_cast<std::uint32_t>(shape.channels())};
  for (const std::uint32_t extent : to_3d(op.spatial(), 1)) dispatch.constants.push_back(extent);
  dispatch.constants.insert(dispatch.constants.end(), {op.column_major(), op.to_plane()});
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = 2.0 * static_cast<double>(request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

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

Value max_unpool(Value x, Value indices, const PoolAttributes& attributes) {
  require_image("max_unpool", "x", x.type());
  const PoolAttributes resolved = resolve(attributes, "max_unpool", x.shape());
  std::vector<std::int64_t> extents = x.shape().extents();
  for (std::size_t a = 0; a < resolved.kernel.size(); ++a) {
    std::int64_t& extent = extents[a + 2];
    extent = (extent - 1) * resolved.stride[a] - resolved.padding[a] - resolved.padding_end[a] + resolved.kernel[a];
    if (extent < 1)
      throw Error(fmt::format("max_unpool: x ({}) with {} leaves no output", to_string(x.type()), to_string(resolved)));
  }
  return max_unpool(x, indices, attributes, Shape(std::move(extents)));
}

// What averaging single pixels, a stride apart, is the gradient of.
Value bed_of_nails(Value x, const std::vector<std::int64_t>& factor) {
  require_image("bed_of_nails", "x", x.type());
  const PoolAttributes pixels{.kernel = {1},
                              .stride = per_axis("bed_of_nails", "factor", factor, x.shape().rank() - 2, 2, 1)};
  std::vector<std::int64_t> extents = x.shape().extents();
  for (std::size_t a = 0; a < pixels.stride.size(); ++a) extents[a + 2] *= pixels.stride[a];
  return avg_pool_gradient(x, pixels, Shape(std::move(extents)));
}

Value whole_tensor_indices(Value indices, const std::vector<std::int64_t>& spatial, bool column_major) {
  return reindex(indices, spatial, column_major, false);
}

Value plane_indices(Value indices, const std::vector<std::int64_t>& spatial) {
  return reindex(indices, spatial, false, true);
}

Value gather_spatial(Value values, Value indices) {
  return values.graph().add(std::make_shared<GatherSpatial>(), {values, indices})[0];
}

std::vector<Kernel> gather_spatial_kernels() {
  return {{"gather", refuse_large, emit_gather}};
}

std::vector<Kernel> reindex_kernels() {
  return {{"per_element", refuse_large, emit_reindex}};
}

}  // namespace tuff
