#include "ops/relayout.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

Value relayout(Value x, Layout layout) {
  if (x.type().layout == layout || x.shape().rank() < 3) return x;
  return x.graph().add(std::make_shared<Relayout>(layout), {x}).front();
}

std::string Relayout::attributes() const {
  return fmt::format("to={}", static_cast<int>(layout_));
}

std::vector<TensorType> Relayout::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 1 || inputs[0].dtype != DType::f32 || inputs[0].shape.rank() < 3 || inputs[0].shape.rank() > 5)
    throw Error("relayout: takes one f32 tensor of rank 3 to 5");
  return {{DType::f32, inputs[0].shape, layout_}};
}

std::vector<Value> Relayout::gradient(const GradientContext& context) const {
  return {relayout(context.upstream[0], context.inputs[0].type().layout)};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

// Copies in the order of the output's memory; the input is read by strides.
KernelDispatches emit_gather(const KernelRequest& request) {
  const TensorType& from = request.inputs[0];
  const TensorType& to = request.outputs[0];
  const std::vector<std::int64_t> from_strides = strides(from);
  Dispatch dispatch;
  dispatch.shader = "relayout/gather.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants.push_back(static_cast<std::uint32_t>(to.shape.elements()));
  // Up to five axes from the innermost outwards: extent, and the input's stride.
  const std::vector<int> order = memory_order(to);
  for (std::size_t i = 0; i < 5; ++i) {
    const bool there = i < order.size();
    const int axis = there ? order[order.size() - 1 - i] : 0;
    dispatch.constants.push_back(there ? static_cast<std::uint32_t>(to.shape[axis]) : 1u);
    dispatch.constants.push_back(there ? static_cast<std::uint32_t>(from_strides[static_cast<std::size_t>(axis)]) : 0u);
  }
  dispatch.groups = linear_groups(static_cast<std::uint64_t>(to.shape.elements()), request.caps);
  dispatch.bytes = 2.0 * static_cast<double>(to.bytes());
  return {{dispatch}, {}};
}

}  // namespace

std::vector<Kernel> relayout_kernels() {
  return {{"gather", refuse_large, emit_gather}};
}

}  // namespace tuff
