#include "ops/softmax.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class SoftmaxOp : public Op {
 public:
  explicit SoftmaxOp(SoftmaxAttributes attributes) : attributes_(attributes) {}
  const SoftmaxAttributes& values() const { return attributes_; }
  std::string attributes() const override { return fmt::format("axis={} log={}", attributes_.axis, attributes_.log); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    for (const TensorType& input : inputs) {
      require_float(name(), "x", input);
      if (input != inputs[0])
        throw Error(fmt::format("{}: {} and {} differ", name(), to_string(inputs[0]), to_string(input)));
    }
    return {inputs[0]};
  }

 private:
  SoftmaxAttributes attributes_;
};

// From upstream u and the op's own output y: y (u - sum(u y)), or for the logarithm u - exp(y) sum(u).
class SoftmaxGradient : public SoftmaxOp {
 public:
  using SoftmaxOp::SoftmaxOp;
  std::string_view name() const override { return "softmax_gradient"; }
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0, 1}, {0}}; }
};

class Softmax : public SoftmaxOp {
 public:
  using SoftmaxOp::SoftmaxOp;
  std::string_view name() const override { return "softmax"; }
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }

  std::vector<Value> gradient(const GradientContext& context) const override {
    auto op = std::make_shared<SoftmaxGradient>(values());
    return {context.upstream[0].graph().add(std::move(op), {context.upstream[0], context.outputs[0]})[0]};
  }
};

Value add_softmax(Value x, int axis, bool log) {
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank) throw Error(fmt::format("softmax: {} has no axis {}", to_string(x.type()), axis));
  auto op = std::make_shared<Softmax>(SoftmaxAttributes{axis < 0 ? axis + rank : axis, log});
  return x.graph().add(std::move(op), {x})[0];
}

// One invocation per line along the axis.
KernelDispatches emit_lines(const KernelRequest& request) {
  const auto& op = static_cast<const SoftmaxOp&>(request.op);
  const TensorType& type = request.outputs[0];
  const std::int64_t extent = type.shape[op.values().axis];
  const std::int64_t inner = strides(type)[static_cast<std::size_t>(op.values().axis)];
  const std::int64_t lines = type.shape.elements() / extent;
  const bool backward = request.inputs.size() == 2;
  Dispatch dispatch;
  dispatch.shader = backward ? "softmax/gradient.scalar" : "softmax/softmax.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  if (backward) dispatch.buffers.insert(dispatch.buffers.begin() + 1, reads_input(1));
  dispatch.constants = {static_cast<std::uint32_t>(lines), static_cast<std::uint32_t>(extent),
                        static_cast<std::uint32_t>(inner), op.values().log ? 1u : 0u};
  dispatch.groups = linear_groups(static_cast<std::uint64_t>(lines), request.caps);
  dispatch.flops = 8.0 * static_cast<double>(type.shape.elements());
  dispatch.bytes = (backward ? 3.0 : 2.0) * static_cast<double>(type.bytes());
  return {{std::move(dispatch)}, {}};
}

// ---- long lines, in parts -----------------------------------------------------------------------

constexpr std::uint32_t kPart = 256;  // whatever the device, so that results are the same
constexpr std::int64_t kLongLine = 1024;

std::optional<std::string> refuse_parts(const KernelRequest& request) {
  const std::int64_t extent = request.outputs[0].shape[static_cast<const SoftmaxOp&>(request.op).values().axis];
  if (extent <= kLongLine)
    return fmt::format("is for more than {} elements along the axis, there are {}", kLongLine, extent);
  return refuse_large(request);
}

// Sums of parts, of lines from those, then the results part by part.
KernelDispatches emit_parts(const KernelRequest& request) {
  const SoftmaxAttributes& attributes = static_cast<const SoftmaxOp&>(request.op).values();
  const TensorType& type = request.outputs[0];
  const auto extent = static_cast<std::uint32_t>(type.shape[attributes.axis]);
  const auto inner = static_cast<std::uint32_t>(strides(type)[static_cast<std::size_t>(attributes.axis)]);
  const auto lines = static_cast<std::uint32_t>(type.shape.elements() / extent);
  const std::uint32_t parts = (extent + kPart - 1) / kPart;
  const std::uint32_t backward = request.inputs.size() == 2 ? 1 : 0;

  Dispatch sums;
  sums.shader = "softmax/part_sums.scalar";
  sums.specialization = {kGroupSize, 1, 1, backward, attributes.log};
  sums.buffers = {reads_input(0), reads_input(backward), writes_workspace(0)};
  sums.constants = {lines * parts, extent, inner, parts, kPart};
  sums.groups = linear_groups(std::uint64_t{lines} * parts, request.caps);
  sums.flops = 4.0 * static_cast<double>(type.shape.elements());
  sums.bytes = (1.0 + backward) * static_cast<double>(type.bytes());

  Dispatch results = sums;
  results.shader = "softmax/part_results.scalar";
  results.buffers = {reads_input(0), reads_input(backward), reads_workspace(1), writes_output(0)};
  results.bytes += static_cast<double>(type.bytes());

  Dispatch combine;
  combine.shader = "softmax/line_sums.scalar";
  combine.specialization = sums.specialization;
  combine.buffers = {reads_workspace(0), writes_workspace(1)};
  combine.constants = {lines, parts};
  combine.groups = linear_groups(lines, request.caps);
  combine.bytes = 8.0 * lines * parts;
  const std::uint64_t pair = 2 * sizeof(float);
  return {{std::move(sums), std::move(combine), std::move(results)}, {pair * lines * parts, pair * lines}};
}

}  // namespace

Value softmax(Value x, int axis) {
  return add_softmax(x, axis, false);
}
Value log_softmax(Value x, int axis) {
  return add_softmax(x, axis, true);
}

std::vector<Kernel> softmax_kernels() {
  return {{"parts", refuse_parts, emit_parts}, {"lines", refuse_large, emit_lines}};
}
std::vector<Kernel> softmax_gradient_kernels() {
  return {{"parts", refuse_parts, emit_parts}, {"lines", refuse_large, emit_lines}};
}

}  // namespace tuff
