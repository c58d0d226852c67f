#include "ops/argmax.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/cumsum.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// The axis stays, with extent 1: so lines keep their order in memory.
class Argmax : public Op {
 public:
  explicit Argmax(ArgmaxAttributes attributes) : attributes_(attributes) {}
  const ArgmaxAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "argmax"; }
  std::string attributes() const override {
    return fmt::format("axis={} smallest={} select_last_index={}", attributes_.axis, attributes_.smallest,
                       attributes_.select_last_index);
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_float(name(), "x", inputs[0]);
    std::vector<std::int64_t> extents = inputs[0].shape.extents();
    extents.at(static_cast<std::size_t>(attributes_.axis)) = 1;
    return {{DType::i32, Shape(std::move(extents))}};
  }

  std::vector<Value> gradient(const GradientContext&) const override { return {Value{}}; }

 private:
  ArgmaxAttributes attributes_;
};

Value place_of_extreme(Value x, std::optional<int> axis, bool keepdim, ArgmaxAttributes attributes) {
  const std::string_view name = attributes.smallest ? "argmin" : "argmax";
  require_float(name, "x", x.type());
  const Shape shape = x.shape();
  const int rank = shape.rank();
  if (axis && (*axis < -rank || *axis >= rank))
    throw Error(fmt::format("{}: x ({}) has no axis {}", name, to_string(x.type()), *axis));
  if (!axis) x = reshape(x, Shape{shape.elements()}, Layout::channels_last);
  attributes.axis = !axis ? 0 : *axis < 0 ? *axis + rank : *axis;
  Value found = x.graph().add(std::make_shared<Argmax>(attributes), {x})[0];
  if (keepdim && axis) return found;
  std::vector<std::int64_t> extents;
  if (keepdim) extents.assign(static_cast<std::size_t>(rank), 1);
  for (int i = 0; axis && i < rank; ++i)
    if (i != attributes.axis) extents.push_back(shape[i]);
  return reshape(found, Shape(std::move(extents)), Layout::channels_last);
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------

Value argmax(Value x, std::optional<int> axis, bool keepdim, bool select_last_index) {
  return place_of_extreme(x, axis, keepdim, {.select_last_index = select_last_index});
}

Value argmin(Value x, std::optional<int> axis, bool keepdim, bool select_last_index) {
  return place_of_extreme(x, axis, keepdim, {.smallest = true, .select_last_index = select_last_index});
}

Value hardmax(Value x, int axis) {
  const Value ties = equal(x, max(x, {axis}, true));
  return mul(ties, equal(cumsum(ties, axis), 1.0f));
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

// One invocation a line and part of it; where lines have several parts, a second dispatch compares their winners.
KernelDispatches emit_lines(const KernelRequest& request) {
  const ArgmaxAttributes& attributes = static_cast<const Argmax&>(request.op).values();
  const TensorType& x = request.inputs[0];
  const auto extent = static_cast<std::uint64_t>(x.shape[attributes.axis]);
  const auto inner = static_cast<std::uint32_t>(strides(x)[static_cast<std::size_t>(attributes.axis)]);
  const std::uint64_t lines = static_cast<std::uint64_t>(x.shape.elements()) / extent;
  const std::uint64_t wanted = (std::uint64_t{256} * request.caps.cores + lines - 1) / lines;
  std::uint64_t parts = std::max<std::uint64_t>(1, std::min(wanted, extent / 32));
  const std::uint64_t steps = (extent + parts - 1) / parts;
  parts = (extent + steps - 1) / steps;

  Dispatch first;
  first.shader = "argmax/lines.elements";
  first.specialization = {kGroupSize, 1, 1, attributes.smallest, attributes.select_last_index};
  first.buffers = {reads_input(0), parts == 1 ? writes_output(0) : writes_workspace(0)};
  for (const std::uint64_t value : {lines * parts, extent, std::uint64_t{inner}, parts, steps})
    first.constants.push_back(static_cast<std::uint32_t>(value));
  first.groups = linear_groups(lines * parts, request.caps);
  first.flops = static_cast<double>(x.shape.elements());
  first.bytes = static_cast<double>(x.bytes());
  if (parts == 1) return {{std::move(first)}, {}};

  Dispatch second = first;
  second.shader = "argmax/lines.winners";
  second.buffers = {reads_input(0), reads_workspace(0), writes_output(0)};
  second.constants = {static_cast<std::uint32_t>(lines), static_cast<std::uint32_t>(extent), inner,
                      static_cast<std::uint32_t>(parts), 0};
  second.groups = linear_groups(lines, request.caps);
  second.flops = static_cast<double>(lines * parts);
  second.bytes = 8.0 * static_cast<double>(lines * parts);
  return {{std::move(first), std::move(second)}, {lines * parts * sizeof(std::int32_t)}};
}

}  // namespace

std::vector<Kernel> argmax_kernels() {
  return {{"lines", refuse_large, emit_lines}};
}

}  // namespace tuff
