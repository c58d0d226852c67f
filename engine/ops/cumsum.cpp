#include "ops/cumsum.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class Cumsum : public Op {
 public:
  explicit Cumsum(CumsumAttributes attributes) : attributes_(attributes) {}
  const CumsumAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "cumsum"; }
  std::string attributes() const override {
    return fmt::format("axis={} exclusive={} reverse={}", attributes_.axis, attributes_.exclusive, attributes_.reverse);
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_float(name(), "x", inputs[0]);
    return {inputs[0]};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {cumsum(context.upstream[0], attributes_.axis, attributes_.exclusive, !attributes_.reverse)};
  }

 private:
  CumsumAttributes attributes_;
};

}  // namespace

Value cumsum(Value x, int axis, bool exclusive, bool reverse) {
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank)
    throw Error(fmt::format("cumsum: x ({}) has no axis {}", to_string(x.type()), axis));
  auto op = std::make_shared<Cumsum>(CumsumAttributes{axis < 0 ? axis + rank : axis, exclusive, reverse});
  return x.graph().add(std::move(op), {x})[0];
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

constexpr std::uint32_t kWholeLine = 512;  // up to here one invocation sums a line
constexpr std::uint32_t kBlock = 256;

struct Lines {
  std::uint32_t count, extent, inner, blocks, steps;
};

Dispatch lines_dispatch(const char* shader, const Lines& lines, const DeviceCaps& caps) {
  Dispatch dispatch;
  dispatch.shader = shader;
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.constants = {lines.count * lines.blocks, lines.extent, lines.inner, lines.blocks, lines.steps};
  dispatch.groups = linear_groups(std::uint64_t{lines.count} * lines.blocks, caps);
  dispatch.flops = 4.0 * lines.count * static_cast<double>(lines.extent);
  dispatch.bytes = 8.0 * lines.count * static_cast<double>(lines.extent);
  return dispatch;
}

// The scan's further constants.
void push_scan(Dispatch& scan, bool exclusive, bool reverse, bool starts) {
  scan.constants.insert(scan.constants.end(), {exclusive ? 1u : 0u, reverse ? 1u : 0u, starts ? 1u : 0u});
}

// Long lines: the blocks' sums, their running sums, then each block from there.
KernelDispatches emit_blocks(const KernelRequest& request) {
  const CumsumAttributes& attributes = static_cast<const Cumsum&>(request.op).values();
  const TensorType& x = request.inputs[0];
  const auto extent = static_cast<std::uint32_t>(x.shape[attributes.axis]);
  const auto inner = static_cast<std::uint32_t>(strides(x)[static_cast<std::size_t>(attributes.axis)]);
  const std::uint32_t steps = extent > kWholeLine ? kBlock : extent;
  const Lines lines{static_cast<std::uint32_t>(x.shape.elements() / extent), extent, inner,
                    (extent + steps - 1) / steps, steps};
  Dispatch apply = lines_dispatch("cumsum/scan.scalar", lines, request.caps);
  push_scan(apply, attributes.exclusive, attributes.reverse, lines.blocks > 1);
  if (lines.blocks == 1) {
    apply.buffers = {reads_input(0), reads_input(0), writes_output(0)};
    return {{std::move(apply)}, {}};
  }
  apply.buffers = {reads_input(0), reads_workspace(1), writes_output(0)};

  Dispatch sums = lines_dispatch("cumsum/sums.scalar", lines, request.caps);
  sums.constants.push_back(attributes.reverse ? 1 : 0);
  sums.buffers = {reads_input(0), writes_workspace(0)};

  const Lines of_blocks{lines.count, lines.blocks, 1, 1, lines.blocks};
  Dispatch starts = lines_dispatch("cumsum/scan.scalar", of_blocks, request.caps);
  push_scan(starts, true, false, false);
  starts.buffers = {reads_workspace(0), reads_workspace(0), writes_workspace(1)};
  const std::uint64_t bytes = sizeof(float) * std::uint64_t{lines.count} * lines.blocks;
  return {{std::move(sums), std::move(starts), std::move(apply)}, {bytes, bytes}};
}

}  // namespace

std::vector<Kernel> cumsum_kernels() {
  return {{"blocks", refuse_large, emit_blocks}};
}

}  // namespace tuff
