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
};

class Softmax : public SoftmaxOp {
 public:
  using SoftmaxOp::SoftmaxOp;
  std::string_view name() const override { return "softmax"; }

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

// One invocation per line along the axis: lines are few where the axis is long, and the axis is the classes.
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

}  // namespace

Value softmax(Value x, int axis) {
  return add_softmax(x, axis, false);
}
Value log_softmax(Value x, int axis) {
  return add_softmax(x, axis, true);
}

std::vector<Kernel> softmax_kernels() {
  return {{"lines", refuse_large, emit_lines}};
}
std::vector<Kernel> softmax_gradient_kernels() {
  return {{"lines", refuse_large, emit_lines}};
}

}  // namespace tuff
