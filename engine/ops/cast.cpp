#include "ops/cast.h"

#include <fmt/format.h>

#include "ops/spatial.h"

namespace tuff {
namespace {

class Cast : public Op {
 public:
  explicit Cast(DType dtype) : dtype_(dtype) {}

  std::string_view name() const override { return "cast"; }
  std::string attributes() const override { return fmt::format("to={}", to_string(dtype_)); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{dtype_, inputs[0].shape, inputs[0].layout}};
  }

  HalfOperands half_operands(std::span<const TensorType>) const override {
    return {dtype_ == DType::f32 ? std::vector{0} : std::vector<int>{}, {}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    const DType from = context.inputs[0].dtype();
    return {from == DType::i32 || dtype_ == DType::i32 ? Value() : cast(context.upstream[0], from)};
  }

 private:
  DType dtype_;
};

KernelDispatches emit(const KernelRequest& request) {
  const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements());
  const Rounds rounds = rounds_for(count, request.caps);
  const DType from = request.inputs[0].dtype, to = request.outputs[0].dtype;
  Dispatch dispatch{to == DType::i32     ? "cast/cast.to_int"
                    : from == DType::i32 ? "cast/cast.to_float"
                                         : "cast/cast.float",
                    {rounds.size, 1, 1},
                    {reads_input(0), writes_output(0)},
                    {count, rounds.count}};
  dispatch.groups = rounds.groups;
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value cast(Value x, DType dtype) {
  if (x.dtype() == dtype) return x;
  const bool through_f32 =
      (x.dtype() == DType::i32 && dtype == DType::f16) || (x.dtype() == DType::f16 && dtype == DType::i32);
  if (through_f32) return cast(cast(x, DType::f32), dtype);
  return x.graph().add(std::make_shared<Cast>(dtype), {x})[0];
}

std::vector<Kernel> cast_kernels() {
  return {{"convert", refuse_large, emit}};
}

}  // namespace tuff
