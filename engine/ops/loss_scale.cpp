#include "ops/loss_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/optimizer.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Inputs: scale, counts, norm, step_state. Outputs: those of LossScale.
class UpdateLossScale : public Op {
 public:
  explicit UpdateLossScale(LossScaleAttributes attributes) : attributes_(attributes) {}
  const LossScaleAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "loss_scale"; }
  std::string attributes() const override {
    return fmt::format("growth_factor={} backoff_factor={} growth_interval={} beta1={} beta2={}",
                       attributes_.growth_factor, attributes_.backoff_factor, attributes_.growth_interval,
                       attributes_.beta1, attributes_.beta2);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require(inputs[0], "scale", 1);
    require(inputs[1], "counts", kLossScaleCounts);
    require(inputs[2], "norm", 1);
    require(inputs[3], "step_state", kStepStateElements);
    const TensorType one{DType::f32, Shape{1}};
    return {inputs[0], inputs[1], one, one, inputs[3]};
  }
  std::vector<std::pair<int, int>> in_place() const override { return {{0, 0}, {1, 1}}; }

 private:
  static void require(const TensorType& type, std::string_view input, std::int64_t elements) {
    if (type.dtype != DType::f32 || type.shape.elements() != elements)
      throw Error(fmt::format("loss_scale: {} is {}, must be f32 of {} element{}", input, to_string(type), elements,
                              elements == 1 ? "" : "s"));
  }

  LossScaleAttributes attributes_;
};

// ---- kernels ------------------------------------------------------------------------------------

// log(beta), finite even for 0: e^-200 is 0 in f32.
float logarithm(double beta) {
  return static_cast<float>(std::max(std::log(beta), -200.0));
}

KernelDispatches emit(const KernelRequest& request) {
  const LossScaleAttributes& attributes = static_cast<const UpdateLossScale&>(request.op).values();
  Dispatch dispatch;
  dispatch.shader = "loss_scale/update.scalar";
  dispatch.specialization = {1, 1, 1};
  dispatch.buffers = {reads_input(0),   reads_input(1),   reads_input(2),   reads_input(3),  writes_output(0),
                      writes_output(1), writes_output(2), writes_output(3), writes_output(4)};
  dispatch.constants = {float_bits(static_cast<float>(attributes.growth_factor)),
                        float_bits(static_cast<float>(attributes.backoff_factor)),
                        float_bits(static_cast<float>(attributes.growth_interval)),
                        float_bits(logarithm(attributes.beta1)), float_bits(logarithm(attributes.beta2))};
  for (const TensorType& type : request.inputs) dispatch.bytes += static_cast<double>(type.bytes());
  for (const TensorType& type : request.outputs) dispatch.bytes += static_cast<double>(type.bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

LossScale loss_scale(Value scale, Value counts, Value norm, Value step_state, LossScaleAttributes attributes) {
  if (!(attributes.growth_factor >= 1) || !(attributes.backoff_factor > 0 && attributes.backoff_factor <= 1))
    throw Error(fmt::format(
        "loss_scale: growth_factor is {}, must be 1 or more; backoff_factor is {}, must be above 0 and at most 1",
        attributes.growth_factor, attributes.backoff_factor));
  if (attributes.growth_interval < 1 || attributes.growth_interval > (1 << 24))
    throw Error(fmt::format("loss_scale: growth_interval is {}, must be 1 to 2^24 steps", attributes.growth_interval));
  const std::vector<Value> outputs =
      scale.graph().add(std::make_shared<UpdateLossScale>(attributes), {scale, counts, norm, step_state});
  return {outputs[0], outputs[1], outputs[2], outputs[3], outputs[4]};
}

std::vector<Kernel> loss_scale_kernels() {
  return {{"update", refuse_large, emit}};
}

}  // namespace tuff
