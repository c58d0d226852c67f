#include "ops/cast.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class Cast : public Op {
 public:
  explicit Cast(DType dtype) : dtype_(dtype) {}

  std::string_view name() const override { return "cast"; }
  std::string attributes() const override { return fmt::format("to={}", to_string(dtype_)); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (inputs[0].dtype == DType::f16 || dtype_ == DType::f16)
      throw Error(fmt::format("cast: {} to {}; takes and gives f32 and i32", to_string(inputs[0]), to_string(dtype_)));
    return {{dtype_, inputs[0].shape, inputs[0].layout}};
  }

  std::vector<Value> gradient(const GradientContext&) const override { return {Value()}; }

 private:
  DType dtype_;
};

KernelDispatches emit(const KernelRequest& request) {
  const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements());
  const std::uint32_t rounds = group_rounds(count, request.caps);
  const bool to_int = request.outputs[0].dtype == DType::i32;
  Dispatch dispatch{to_int ? "cast/cast.to_int" : "cast/cast.to_float",
                    {kGroupSize, 1, 1},
                    {reads_input(0), writes_output(0)},
                    {count, rounds}};
  dispatch.groups = linear_groups(count, request.caps, rounds);
  dispatch.bytes = 8.0 * count;
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value cast(Value x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return x.graph().add(std::make_shared<Cast>(dtype), {x})[0];
}

std::vector<Kernel> cast_kernels() {
  return {{"convert", refuse_large, emit}};
}

}  // namespace tuff
