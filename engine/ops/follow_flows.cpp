#include "ops/follow_flows.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/cast.h"
#include "ops/division.h"
#include "ops/pointwise.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

class FollowFlows : public Op {
 public:
  explicit FollowFlows(FollowFlowsAttributes attributes) : attributes_(attributes) {}
  std::int64_t steps() const { return attributes_.steps; }

  std::string_view name() const override { return "follow_flows"; }
  std::string attributes() const override { return fmt::format("steps={}", attributes_.steps); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "flows", inputs[0]);
    if (inputs[0].shape.rank() != 4 || inputs[0].shape[1] != 2)
      throw Error(fmt::format("follow_flows: flows are {}, must be f32 (N, 2, H, W): dy and dx of each pixel",
                              to_string(inputs[0])));
    return {inputs[0]};
  }
  std::vector<Value> gradient(const GradientContext&) const override { return {Value{}}; }

 private:
  FollowFlowsAttributes attributes_;
};

KernelDispatches emit(const KernelRequest& request) {
  const TensorType& flows = request.inputs[0];
  const auto pixels = static_cast<std::uint64_t>(flows.shape.elements()) / 2;
  const auto steps = static_cast<std::uint32_t>(static_cast<const FollowFlows&>(request.op).steps());
  Dispatch dispatch;
  dispatch.shader = "follow_flows/euler.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(pixels), steps};
  for (const int axis : {3, 2}) append_division(dispatch.constants, static_cast<std::uint32_t>(flows.shape[axis]));
  dispatch.groups = linear_groups(pixels, request.caps);
  dispatch.flops = 24.0 * static_cast<double>(pixels) * steps;
  dispatch.bytes = 2.0 * static_cast<double>(flows.bytes());
  dispatch.linear = true;
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value follow_flows(Value flows, const FollowFlowsAttributes& attributes) {
  if (attributes.steps < 0 || attributes.steps > 1000000)
    throw Error(fmt::format("follow_flows: steps is {}, must be 0 to 1000000", attributes.steps));
  return flows.graph().add(std::make_shared<FollowFlows>(attributes), {flows})[0];
}

Value follow_flows(Value flows, Value foreground, const FollowFlowsAttributes& attributes) {
  const Shape& shape = flows.shape();
  if (shape.rank() != 4 || foreground.shape() != Shape{shape[0], 1, shape[2], shape[3]})
    throw Error(fmt::format("follow_flows: foreground is {}, must be (N, 1, H, W) for flows {}",
                            to_string(foreground.type()), to_string(flows.type())));
  if (foreground.type().dtype == DType::i32) foreground = cast(foreground, DType::f32);
  return follow_flows(mask(flows, foreground), attributes);
}

std::vector<Kernel> follow_flows_kernels() {
  return {{"euler", refuse_large, emit}};
}

}  // namespace tuff
