#include "ops/class_indicator.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/loss_sum.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Input: target. The result's type is an attribute.
class ClassIndicator : public Op {
 public:
  ClassIndicator(Shape shape, std::int32_t ignore_index) : shape_(std::move(shape)), ignore_index_(ignore_index) {}
  std::int32_t ignore_index() const { return ignore_index_; }

  std::string_view name() const override { return "class_indicator"; }
  std::string attributes() const override {
    return fmt::format("shape={} ignore_index={}", to_string(shape_), ignore_index_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType result{DType::f32, shape_};
    if (shape_.rank() < 2 || !is_class_map(inputs[0], result))
      throw Error(
          fmt::format("class_indicator: target is {}, must be i32 classes (N, spatial...) or (N, 1, spatial...) "
                      "for x ({})",
                      to_string(inputs[0]), to_string(shape_)));
    return {result};
  }
  std::vector<Value> gradient(const GradientContext&) const override { return {Value{}}; }

 private:
  Shape shape_;
  std::int32_t ignore_index_;
};

KernelDispatches emit(const KernelRequest& request) {
  const TensorType& result = request.outputs[0];
  const auto count = static_cast<std::uint64_t>(result.shape.elements());
  const ClassMap map = class_map(request.inputs[0], result);
  Dispatch dispatch;
  dispatch.shader = "class_indicator/elements.scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(result.shape.channels()),
                        static_cast<std::uint32_t>(static_cast<const ClassIndicator&>(request.op).ignore_index())};
  dispatch.constants.insert(dispatch.constants.end(), map.constants.begin(), map.constants.end());
  dispatch.groups = linear_groups(count, request.caps);
  dispatch.bytes = static_cast<double>(result.bytes() + request.inputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value class_indicator(Value target, Value x, std::int32_t ignore_index) {
  return x.graph().add(std::make_shared<ClassIndicator>(x.shape(), ignore_index), {target})[0];
}

std::vector<Kernel> class_indicator_kernels() {
  return {{"elements", refuse_large, emit}};
}

}  // namespace tuff
