#include "ops/slice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "ops/pad.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class Slice : public Op {
 public:
  explicit Slice(SliceAttributes attributes) : attributes_(std::move(attributes)) {}
  const SliceAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "slice"; }
  std::string attributes() const override {
    return fmt::format("starts={} ends={}", fmt::join(attributes_.starts, "x"), fmt::join(attributes_.ends, "x"));
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    TensorType result = inputs[0];
    const auto& [starts, ends] = attributes_;
    const std::size_t rank = result.shape.extents().size();
    if (starts.size() != rank || ends.size() != rank)
      throw Error(fmt::format("slice: {} starts and {} ends for {}; give one per axis", starts.size(), ends.size(),
                              to_string(result)));
    std::vector<std::int64_t> extents;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (starts[axis] < 0 || starts[axis] >= ends[axis] || ends[axis] > result.shape.extents()[axis])
        throw Error(fmt::format("slice: {} to {} on axis {} is no range within {}", starts[axis], ends[axis], axis,
                                to_string(result)));
      extents.push_back(ends[axis] - starts[axis]);
    }
    result.shape = Shape(std::move(extents));
    return {result};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    std::vector<std::int64_t> hi = context.inputs[0].shape().extents();
    for (std::size_t axis = 0; axis < hi.size(); ++axis) hi[axis] -= attributes_.ends[axis];
    return {pad(context.upstream[0], attributes_.starts, std::move(hi))};
  }

 private:
  SliceAttributes attributes_;
};

// The box in memory order, with an axis merged into the one inside it where that is taken as a whole: extents of the
// result and distances between neighbours in x, outermost first.
struct Box {
  std::array<std::uint32_t, 5> extents = {1, 1, 1, 1, 1};
  std::array<std::uint32_t, 5> strides = {0, 0, 0, 0, 1};
  std::uint32_t offset = 0;
};

// Nothing where more than five axes are left after merging.
std::optional<Box> box_of(const KernelRequest& request) {
  const SliceAttributes& attributes = static_cast<const Slice&>(request.op).values();
  const std::vector<int> order = memory_order(request.inputs[0]);
  Box box;
  std::int64_t stride = 1;
  std::size_t slot = 5;
  bool whole = false;  // the axis inside the current one is taken as a whole
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    const std::int64_t extent = request.inputs[0].shape[*axis];
    const std::int64_t taken = request.outputs[0].shape[*axis];
    if (!whole) {
      if (slot == 0) return std::nullopt;
      box.strides[--slot] = static_cast<std::uint32_t>(stride);
    }
    box.extents[slot] *= static_cast<std::uint32_t>(taken);
    box.offset += static_cast<std::uint32_t>(stride * attributes.starts[static_cast<std::size_t>(*axis)]);
    whole = taken == extent;
    stride *= extent;
  }
  return box;
}

std::optional<std::string> refuse_box(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  if (!box_of(request)) return "more than five axes are cut";
  return std::nullopt;
}

std::optional<std::string> refuse_unless_aligned(const KernelRequest& request) {
  if (auto reason = refuse_box(request)) return reason;
  const Box box = *box_of(request);
  bool aligned = box.extents[4] % 4 == 0 && box.offset % 4 == 0;
  for (std::size_t axis = 0; axis < 4; ++axis) aligned = aligned && box.strides[axis] % 4 == 0;
  if (!aligned) return "runs in memory don't start and end at multiples of 4 elements";
  return std::nullopt;
}

template <std::uint32_t lanes>
KernelDispatches emit_box(const KernelRequest& request) {
  Box box = *box_of(request);
  box.extents[4] /= lanes;
  const std::uint64_t count = static_cast<std::uint64_t>(request.outputs[0].shape.elements()) / lanes;
  Dispatch dispatch;
  dispatch.shader = lanes == 4 ? "slice/box.vec4" : "slice/box.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count), box.offset / lanes};
  dispatch.constants.insert(dispatch.constants.end(), box.extents.begin(), box.extents.end());
  for (std::size_t axis = 0; axis < 4; ++axis) dispatch.constants.push_back(box.strides[axis] / lanes);
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = 2.0 * static_cast<double>(request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value slice(Value x, std::vector<std::int64_t> starts, std::vector<std::int64_t> ends) {
  auto op = std::make_shared<Slice>(SliceAttributes{std::move(starts), std::move(ends)});
  return x.graph().add(std::move(op), {x})[0];
}

Value center_crop(Value x, const std::vector<std::int64_t>& spatial) {
  const Shape& shape = x.shape();
  if (static_cast<int>(spatial.size()) != shape.rank() - 2)
    throw Error(fmt::format("center_crop: {} sizes for the spatial axes of {}", spatial.size(), to_string(x.type())));
  std::vector<std::int64_t> starts = {0, 0};
  std::vector<std::int64_t> ends = {shape[0], shape[1]};
  for (int axis = 2; axis < shape.rank(); ++axis) {
    const std::int64_t size = spatial[static_cast<std::size_t>(axis - 2)];
    starts.push_back((shape[axis] - size) / 2);
    ends.push_back(starts.back() + size);
  }
  if (shape.extents() == ends) return x;
  return slice(x, std::move(starts), std::move(ends));
}

std::vector<Kernel> slice_kernels() {
  return {{"box_vec4", refuse_unless_aligned, emit_box<4>}, {"box", refuse_box, emit_box<1>}};
}

}  // namespace tuff
