#include "ops/pad.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "ops/division.h"
#include "ops/slice.h"
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

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
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

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    TensorType result = inputs[0];
    const auto& [lo, hi, mode, value] = attributes_;
    if (size_of(result.dtype) != 4) throw Error(fmt::format("pad: x must be f32 or i32, got {}", to_string(result)));
    std::vector<std::int64_t> extents = result.shape.extents();
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      const std::int64_t least = mode == PadMode::circular ? 0 : -extents[axis];
      const std::int64_t most = mode == PadMode::reflect    ? extents[axis] - 1
                                : mode == PadMode::circular ? extents[axis]
                                                            : std::int64_t{1} << 31;
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

// x in memory order, innermost first, with unpadded axes merged into the one around them (which scales a constant
// border, but would break a mirror).
struct Border {
  std::int64_t extent = 1;  // of x
  std::int64_t lo = 0, hi = 0;
  std::int64_t padded() const { return lo + extent + hi; }
};
constexpr std::size_t kBorders = 5;  // that the kernel has

std::vector<Border> borders_of(const PadAttributes& attributes, const TensorType& x) {
  const std::vector<int> order = memory_order(x);
  std::vector<Border> borders = {{}};
  bool whole = true;  // the border so far has none
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    const std::int64_t extent = x.shape[*axis];
    const std::int64_t lo = attributes.lo[static_cast<std::size_t>(*axis)];
    const std::int64_t hi = attributes.hi[static_cast<std::size_t>(*axis)];
    const bool padded = lo != 0 || hi != 0;
    if (extent == 1 && !padded) continue;
    const bool mirrored = padded && attributes.mode != PadMode::constant && borders.back().extent > 1;
    if (!whole || mirrored) borders.emplace_back();
    const std::int64_t inner = borders.back().extent;
    borders.back() = {extent * inner, lo * inner, hi * inner};
    whole = !padded;
  }
  return borders;
}

std::vector<Border> borders_of(const KernelRequest& request) {
  return borders_of(static_cast<const Pad&>(request.op).values(), request.inputs[0]);
}

std::optional<std::string> refuse_unless_aligned(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  const Border inner = borders_of(request)[0];
  const bool constant = static_cast<const Pad&>(request.op).values().mode == PadMode::constant;
  if (!constant && (inner.lo != 0 || inner.hi != 0)) return "the innermost axis is mirrored";
  if (inner.extent % 4 != 0 || inner.lo % 4 != 0 || inner.hi % 4 != 0)
    return "runs in memory don't start and end at multiples of 4 elements";
  return std::nullopt;
}

std::uint32_t word(std::int64_t value) {
  return static_cast<std::uint32_t>(value);
}

template <int lanes>
KernelDispatches emit_pad(const KernelRequest& request) {
  const PadAttributes& attributes = static_cast<const Pad&>(request.op).values();
  std::vector<Border> borders = borders_of(request);
  const auto axes = word(static_cast<std::int64_t>(borders.size()));
  borders[0] = {borders[0].extent / lanes, borders[0].lo / lanes, borders[0].hi / lanes};
  borders.resize(kBorders);
  const std::uint32_t count = word(request.outputs[0].shape.elements()) / lanes;
  const Rounds rounds = rounds_for(count, request.caps);
  const std::uint32_t value = request.inputs[0].dtype != DType::i32 ? float_bits(attributes.value)
                                                                    : word(static_cast<std::int32_t>(attributes.value));
  Dispatch dispatch;
  dispatch.shader = lanes == 4 ? "pad/pad.vec4" : "pad/pad.scalar";
  dispatch.specialization = {rounds.size, 1, 1, axes};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {count, rounds.count, word(static_cast<std::int64_t>(attributes.mode)), value};
  for (const Border& border : borders) dispatch.constants.push_back(word(border.extent));
  for (const Border& border : borders) dispatch.constants.push_back(word(border.padded()));
  for (const Border& border : borders) dispatch.constants.push_back(word(border.lo));
  std::uint32_t shifts = 0;
  for (std::size_t axis = 0; axis + 1 < kBorders; ++axis) {
    const Division by = division(std::max(word(borders[axis].padded()), 2u));
    dispatch.constants.push_back(by.multiplier);
    shifts |= by.shift << (axis * 5);
  }
  dispatch.constants.push_back(shifts);
  dispatch.groups = rounds.groups;
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

// One invocation per element of x, which adds up the places of one axis that it was copied to.
KernelDispatches emit_gradient(const KernelRequest& request) {
  const PadAxis& attributes = static_cast<const PadGradient&>(request.op).values();
  const std::uint32_t count = word(request.outputs[0].shape.elements());
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch{
      "pad/gradient.scalar", {rounds.size, 1, 1}, {reads_input(0), writes_output(0)}, {count, rounds.count}};
  append_division(dispatch.constants, word(strides(request.outputs[0])[static_cast<std::size_t>(attributes.axis)]));
  append_division(dispatch.constants, word(request.outputs[0].shape[attributes.axis]));
  for (const std::int64_t value :
       {request.inputs[0].shape[attributes.axis], attributes.lo, static_cast<std::int64_t>(attributes.mode)})
    dispatch.constants.push_back(word(value));
  dispatch.groups = rounds.groups;
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::string_view to_string(PadMode mode) {
  switch (mode) {
    case PadMode::constant: return "constant";
    case PadMode::reflect: return "reflect";
    case PadMode::replicate: return "replicate";
    case PadMode::circular: return "circular";
  }
  return "?";
}

namespace {

// Crops by what is negative of lo and hi, and takes it out of them.
Value cropped(Value x, std::vector<std::int64_t>& lo, std::vector<std::int64_t>& hi) {
  std::vector<std::int64_t> starts(lo.size(), 0), ends = x.shape().extents();
  for (std::size_t axis = 0; axis < lo.size(); ++axis) {
    starts[axis] = std::max<std::int64_t>(-lo[axis], 0);
    ends[axis] -= std::max<std::int64_t>(-hi[axis], 0);
    lo[axis] = std::max<std::int64_t>(lo[axis], 0);
    hi[axis] = std::max<std::int64_t>(hi[axis], 0);
  }
  return slice(x, std::move(starts), std::move(ends));
}

// Axes don't care for each other, so what is too much for one node is done by two.
Value add_pad(Value x, PadAttributes attributes) {
  const TensorType type = x.type();
  auto op = std::make_shared<Pad>(attributes);
  infer_types(*op, {&type, 1});
  if (borders_of(attributes, type).size() <= kBorders) return x.graph().add(std::move(op), {x})[0];
  PadAttributes rest = attributes;
  int padded = 0;
  for (std::size_t axis = 0; axis < attributes.lo.size(); ++axis) {
    padded += attributes.lo[axis] != 0 || attributes.hi[axis] != 0;
    PadAttributes& other = padded <= 2 ? rest : attributes;
    other.lo[axis] = other.hi[axis] = 0;
  }
  return add_pad(add_pad(x, std::move(attributes)), std::move(rest));
}

}  // namespace

Value pad(Value x, std::vector<std::int64_t> lo, std::vector<std::int64_t> hi, PadMode mode, float value) {
  const auto rank = static_cast<std::size_t>(x.shape().rank());
  for (std::vector<std::int64_t>* side : {&lo, &hi}) {
    if (rank >= 3 && side->size() == rank - 2) side->insert(side->begin(), 2, 0);
    if (side->size() != rank)
      throw Error(fmt::format("pad: {} values for {}; give one per axis or one per spatial axis", side->size(),
                              to_string(x.type())));
  }
  if (mode == PadMode::circular) x = cropped(x, lo, hi);
  return add_pad(x, {std::move(lo), std::move(hi), mode, value});
}

std::vector<Kernel> pad_kernels() {
  return {{"pad_vec4", refuse_unless_aligned, emit_pad<4>}, {"pad", refuse_large, emit_pad<1>}};
}

std::vector<Kernel> pad_gradient_kernels() {
  return {{"gather", refuse_large, emit_gradient}};
}

}  // namespace tuff
