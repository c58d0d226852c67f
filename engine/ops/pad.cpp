#include "ops/pad.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// The gradient of padding one axis by reflection or replication: every element of x gathers the places it went to.
struct PadAxis {
  int axis = 0;
  std::int64_t lo = 0;
  std::int64_t hi = 0;
  PadMode mode = PadMode::reflect;
};

class PadGradient : public Op {
 public:
  explicit PadGradient(PadAxis attributes) : attributes_(attributes) {}
  const PadAxis& values() const { return attributes_; }

  std::string_view name() const override { return "pad_gradient"; }
  std::string attributes() const override {
    const auto& [axis, lo, hi, mode] = attributes_;
    return fmt::format("axis={} lo={} hi={} mode={}", axis, lo, hi, to_string(mode));
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    TensorType result = inputs[0];
    std::vector<std::int64_t> extents = result.shape.extents();
    extents[static_cast<std::size_t>(attributes_.axis)] -= attributes_.lo + attributes_.hi;
    result.shape = Shape(std::move(extents));
    return {result};
  }

  // The adjoint of the adjoint.
  std::vector<Value> gradient(const GradientContext& context) const override {
    std::vector<std::int64_t> lo(context.inputs[0].shape().extents().size(), 0);
    std::vector<std::int64_t> hi = lo;
    lo[static_cast<std::size_t>(attributes_.axis)] = attributes_.lo;
    hi[static_cast<std::size_t>(attributes_.axis)] = attributes_.hi;
    return {pad(context.upstream[0], std::move(lo), std::move(hi), attributes_.mode)};
  }

 private:
  PadAxis attributes_;
};

class Pad : public Op {
 public:
  explicit Pad(PadAttributes attributes) : attributes_(std::move(attributes)) {}
  const PadAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "pad"; }
  std::string attributes() const override {
    return fmt::format("lo={} hi={} mode={} value={}", fmt::join(attributes_.lo, "x"), fmt::join(attributes_.hi, "x"),
                       to_string(attributes_.mode), attributes_.value);
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    TensorType result = inputs[0];
    const auto& [lo, hi, mode, value] = attributes_;
    if (result.dtype != DType::f32) throw Error(fmt::format("pad: x must be f32, got {}", to_string(result)));
    std::vector<std::int64_t> extents = result.shape.extents();
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      const std::int64_t least = mode == PadMode::constant ? -extents[axis] : 0;
      const std::int64_t most = mode == PadMode::reflect ? extents[axis] - 1 : std::int64_t{1} << 31;
      const bool fits = lo[axis] >= least && hi[axis] >= least && lo[axis] <= most && hi[axis] <= most;
      if (!fits || extents[axis] + lo[axis] + hi[axis] < 1)
        throw Error(fmt::format("pad: {} before and {} after on axis {} of {} is out of range for mode {}", lo[axis],
                                hi[axis], axis, to_string(result), to_string(mode)));
      extents[axis] += lo[axis] + hi[axis];
    }
    result.shape = Shape(std::move(extents));
    return {result};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    Value result = context.upstream[0];
    const auto& [lo, hi, mode, value] = attributes_;
    if (mode == PadMode::constant) {
      std::vector<std::int64_t> before = lo;
      std::vector<std::int64_t> after = hi;
      for (std::int64_t& n : before) n = -n;
      for (std::int64_t& n : after) n = -n;
      return {pad(result, std::move(before), std::move(after))};
    }
    for (std::size_t axis = 0; axis < lo.size(); ++axis)
      if (lo[axis] != 0 || hi[axis] != 0)
        result = result.graph().add(
            std::make_shared<PadGradient>(PadAxis{static_cast<int>(axis), lo[axis], hi[axis], mode}), {result})[0];
    return {result};
  }

 private:
  PadAttributes attributes_;
};

// x in memory order, outermost first, with unpadded axes merged into the one around them (which scales a constant
// border, but would break a mirror).
struct Borders {
  std::array<std::int64_t, 5> extents = {1, 1, 1, 1, 1};  // of x
  std::array<std::int64_t, 5> lo = {0, 0, 0, 0, 0};
  std::array<std::int64_t, 5> hi = {0, 0, 0, 0, 0};
};

// Nothing where more than five axes are left after merging.
std::optional<Borders> borders_of(const KernelRequest& request) {
  const PadAttributes& attributes = static_cast<const Pad&>(request.op).values();
  const std::vector<int> order = memory_order(request.inputs[0]);
  Borders borders;
  std::size_t slot = 5;
  bool whole = false;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    const std::int64_t extent = request.inputs[0].shape[*axis];
    const std::int64_t lo = attributes.lo[static_cast<std::size_t>(*axis)];
    const std::int64_t hi = attributes.hi[static_cast<std::size_t>(*axis)];
    const bool padded = lo != 0 || hi != 0;
    if (!whole || (padded && attributes.mode != PadMode::constant)) {
      if (slot == 0) return std::nullopt;
      --slot;
    }
    const std::int64_t inner = borders.extents[slot];
    borders.extents[slot] = extent * inner;
    borders.lo[slot] = lo * inner;
    borders.hi[slot] = hi * inner;
    whole = !padded;
  }
  return borders;
}

std::optional<std::string> refuse_borders(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  if (!borders_of(request)) return "more than five axes are padded";
  return std::nullopt;
}

std::optional<std::string> refuse_unless_aligned(const KernelRequest& request) {
  if (auto reason = refuse_borders(request)) return reason;
  const Borders borders = *borders_of(request);
  const bool constant = static_cast<const Pad&>(request.op).values().mode == PadMode::constant;
  if (!constant && (borders.lo[4] != 0 || borders.hi[4] != 0)) return "the innermost axis is mirrored";
  if (borders.extents[4] % 4 != 0 || borders.lo[4] % 4 != 0 || borders.hi[4] % 4 != 0)
    return "runs in memory don't start and end at multiples of 4 elements";
  return std::nullopt;
}

template <int lanes>
KernelDispatches emit_pad(const KernelRequest& request) {
  const PadAttributes& attributes = static_cast<const Pad&>(request.op).values();
  Borders borders = *borders_of(request);
  borders.extents[4] /= lanes;
  borders.lo[4] /= lanes;
  borders.hi[4] /= lanes;
  const std::uint64_t count = static_cast<std::uint64_t>(request.outputs[0].shape.elements()) / lanes;
  Dispatch dispatch;
  dispatch.shader = lanes == 4 ? "pad/pad.vec4" : "pad/pad.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(attributes.mode),
                        float_bits(attributes.value)};
  for (std::size_t axis = 0; axis < 5; ++axis)
    dispatch.constants.push_back(static_cast<std::uint32_t>(borders.extents[axis]));
  for (std::size_t axis = 0; axis < 5; ++axis)
    dispatch.constants.push_back(
        static_cast<std::uint32_t>(borders.extents[axis] + borders.lo[axis] + borders.hi[axis]));
  for (std::size_t axis = 0; axis < 5; ++axis)
    dispatch.constants.push_back(static_cast<std::uint32_t>(static_cast<std::int32_t>(borders.lo[axis])));
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

// One invocation per element of x, which adds up the places of one axis that it was copied to.
KernelDispatches emit_gradient(const KernelRequest& request) {
  const PadAxis& attributes = static_cast<const PadGradient&>(request.op).values();
  const auto count = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  Dispatch dispatch;
  dispatch.shader = "pad/gradient.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {
      static_cast<std::uint32_t>(count),
      static_cast<std::uint32_t>(strides(request.outputs[0])[static_cast<std::size_t>(attributes.axis)]),
      static_cast<std::uint32_t>(request.outputs[0].shape[attributes.axis]),
      static_cast<std::uint32_t>(attributes.lo),
      static_cast<std::uint32_t>(attributes.hi),
      static_cast<std::uint32_t>(attributes.mode)};
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::string_view to_string(PadMode mode) {
  switch (mode) {
    case PadMode::constant: return "constant";
    case PadMode::reflect: return "reflect";
    case PadMode::replicate: return "replicate";
  }
  return "?";
}

Value pad(Value x, std::vector<std::int64_t> lo, std::vector<std::int64_t> hi, PadMode mode, float value) {
  const auto rank = static_cast<std::size_t>(x.shape().rank());
  for (std::vector<std::int64_t>* side : {&lo, &hi}) {
    if (rank >= 3 && side->size() == rank - 2) side->insert(side->begin(), 2, 0);
    if (side->size() != rank)
      throw Error(fmt::format("pad: {} values for {}; give one per axis or one per spatial axis", side->size(),
                              to_string(x.type())));
  }
  auto op = std::make_shared<Pad>(PadAttributes{std::move(lo), std::move(hi), mode, value});
  return x.graph().add(std::move(op), {x})[0];
}

std::vector<Kernel> pad_kernels() {
  return {{"pad_vec4", refuse_unless_aligned, emit_pad<4>}, {"pad", refuse_borders, emit_pad<1>}};
}

std::vector<Kernel> pad_gradient_kernels() {
  return {{"gather", refuse_large, emit_gradient}};
}

}  // namespace tuff
