#include "ops/local_response_norm.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// The mean over `size` channels from `before` channels back on; channels beyond the edge are 0.
class ChannelWindow : public Op {
 public:
  ChannelWindow(std::int64_t size, std::int64_t before) : size_(size), before_(before) {}
  std::int64_t size() const { return size_; }
  std::int64_t before() const { return before_; }

  std::string_view name() const override { return "channel_window"; }
  std::string attributes() const override { return fmt::format("size={} before={}", size_, before_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override { return {inputs[0]}; }

  std::vector<Value> gradient(const GradientContext& context) const override {
    auto mirrored = std::make_shared<ChannelWindow>(size_, size_ - 1 - before_);
    return context.upstream[0].graph().add(std::move(mirrored), {context.upstream[0]});
  }

 private:
  std::int64_t size_, before_;
};

// x / scale^beta. The usual exponent by square roots: a power costs a software driver ten times as much.
Value over_power(Value x, Value scale, float beta) {
  if (beta != 0.75f) return mul(x, pow(scale, -beta));
  const Value root = sqrt(scale);
  return div(x, mul(root, sqrt(root)));
}

}  // namespace

Value local_response_norm(Value x, const LocalResponseNormAttributes& attributes) {
  const TensorType type = x.type();
  require_float("local_response_norm", "x", type);
  if (type.shape.rank() < 2)
    throw Error(fmt::format("local_response_norm: x must be (N, C, spatial...), got {}", to_string(type)));
  const std::int64_t size = attributes.size;
  if (size < 1 || size >= std::int64_t{1} << 31)
    throw Error(fmt::format("local_response_norm: size {} must be at least 1 and have 31 bits", size));
  const Graph::Scope precise = x.graph().full_precision();  // squares exceed f16 early
  auto window = std::make_shared<ChannelWindow>(size, attributes.forward ? (size - 1) / 2 : size / 2);
  const Value means = x.graph().add(std::move(window), {square(x)})[0];
  return over_power(x, add_scalar(mul_scalar(means, attributes.alpha), attributes.k), attributes.beta);
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_window(const KernelRequest& request) {
  const auto& op = static_cast<const ChannelWindow&>(request.op);
  const TensorType& type = request.outputs[0];
  const auto count = static_cast<std::uint32_t>(type.shape.elements());
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch;
  dispatch.shader = "local_response_norm/window.scalar";
  dispatch.specialization = {rounds.size, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {count,
                        static_cast<std::uint32_t>(type.shape.channels()),
                        static_cast<std::uint32_t>(op.size()),
                        static_cast<std::uint32_t>(op.before()),
                        float_bits(1 / static_cast<float>(op.size())),
                        rounds.count};
  dispatch.groups = rounds.groups;
  dispatch.flops = static_cast<double>(std::min(op.size(), type.shape.channels())) * count;
  dispatch.bytes = 2.0 * static_cast<double>(type.bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<Kernel> channel_window_kernels() {
  return {{"window", refuse_large, emit_window}};
}

}  // namespace tuff
