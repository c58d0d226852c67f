#include "ops/relayout.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/strided.h"

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

std::optional<StridedCopy> describe(const KernelRequest& request) {
  return strided_copy(request.outputs[0], strides(request.inputs[0]));
}

}  // namespace

std::vector<Kernel> relayout_kernels() {
  return strided_kernels<describe>();
}

}  // namespace tuff
