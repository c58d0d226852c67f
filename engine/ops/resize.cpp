#include "ops/resize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Both directions: from the smaller or larger `unresized` to the resized shape (the op), or back (its gradient).
class ResizeOp : public Op {
 public:
  ResizeOp(ResizeAttributes attributes, Shape unresized, Shape resized)
      : attributes_(std::move(attributes)), unresized_(std::move(unresized)), resized_(std::move(resized)) {}
  const ResizeAttributes& values() const { return attributes_; }
  const Shape& unresized() const { return unresized_; }
  const Shape& resized() const { return resized_; }

  std::string attributes() const override {
    return fmt::format("size={} scale={} mode={} align_corners={} unresized={}", fmt::join(attributes_.size, "x"),
                       fmt::join(attributes_.scale, "x"), to_string(attributes_.mode), attributes_.align_corners,
                       to_string(unresized_));
  }

 private:
  ResizeAttributes attributes_;
  Shape unresized_;
  Shape resized_;
};

class ResizeGradient : public ResizeOp {
 public:
  using ResizeOp::ResizeOp;
  std::string_view name() const override { return "resize_gradient"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_float(name(), "upstream", inputs[0]);
    if (inputs[0].shape != resized())
      throw Error(
          fmt::format("resize_gradient: upstream is {}, must be {}", to_string(inputs[0]), to_string(resized())));
    return {{DType::f32, unresized()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {resize(context.upstream[0], values())};
  }
};

class Resize : public ResizeOp {
 public:
  using ResizeOp::ResizeOp;
  std::string_view name() const override { return "resize"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    return {{DType::f32, resized()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    auto op = std::make_shared<ResizeGradient>(values(), unresized(), resized());
    return {context.upstream[0].graph().add(std::move(op), {context.upstream[0]})[0]};
  }
};

Shape resized_shape(const ResizeAttributes& attributes, const Shape& input) {
  const int axes = input.rank() - 2;
  const auto fits = [&](std::size_t count) { return count == 1 || count == static_cast<std::size_t>(axes); };
  if (attributes.size.empty() == attributes.scale.empty() ||
      !fits(attributes.size.empty() ? attributes.scale.size() : attributes.size.size()))
    throw Error(fmt::format("resize: give either a size or a scale, one value or {} (x is {}), not size={} scale={}",
                            axes, to_string(input), fmt::join(attributes.size, "x"), fmt::join(attributes.scale, "x")));
  if (attributes.align_corners && attributes.mode == ResizeMode::nearest)
    throw Error("resize: align_corners needs mode bilinear");
  std::vector<std::int64_t> extents = {input[0], input[1]};
  for (int axis = 2; axis < input.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis - 2);
    if (!attributes.size.empty()) {
      extents.push_back(attributes.size[attributes.size.size() == 1 ? 0 : a]);
    } else {
      const double scale = attributes.scale[attributes.scale.size() == 1 ? 0 : a];
      extents.push_back(static_cast<std::int64_t>(std::floor(static_cast<double>(input[axis]) * scale)));
    }
    if (extents.back() < 1)
      throw Error(fmt::format("resize: {} would have no elements left on axis {}", to_string(input), axis));
  }
  return Shape(std::move(extents));
}

// Distance between neighbouring targets in source pixels for (depth, height, width), as PyTorch computes it in f32.
std::array<float, 3> sampling_steps(const ResizeOp& op) {
  std::array<float, 3> steps = {1, 1, 1};
  const ResizeAttributes& attributes = op.values();
  const int rank = op.unresized().rank();
  for (int axis = 2; axis < rank; ++axis) {
    const auto slot = static_cast<std::size_t>(3 - (rank - axis));
    const auto in = static_cast<float>(op.unresized()[axis]);
    const auto out = static_cast<float>(op.resized()[axis]);
    if (attributes.align_corners)
      steps[slot] = out > 1 ? (in - 1) / (out - 1) : 0;
    else if (attributes.scale.empty())
      steps[slot] = in / out;
    else
      steps[slot] = static_cast<float>(
          1.0 / attributes.scale[attributes.scale.size() == 1 ? 0 : static_cast<std::size_t>(axis - 2)]);
  }
  return steps;
}

// One invocation per element of the output: it reads its up to eight sources (resize), or every target that may have
// read it (gradient).
template <std::uint32_t lanes, bool backward>
KernelDispatches emit_resize(const KernelRequest& request) {
  const auto& op = static_cast<const ResizeOp&>(request.op);
  const Volume from = volume({DType::f32, op.unresized()});
  const Volume to = volume({DType::f32, op.resized()});
  const Volume& walked = backward ? from : to;
  const std::uint32_t vectors = from.channels / lanes;
  Dispatch dispatch;
  dispatch.shader = fmt::format("resize/{}.{}", backward ? "gradient" : "resize", lanes == 4 ? "vec4" : "scalar");
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {from.batch, vectors, from.depth, from.height, from.width, to.depth, to.height, to.width};
  for (const float step : sampling_steps(op)) dispatch.constants.push_back(float_bits(step));
  dispatch.constants.push_back(op.values().mode == ResizeMode::bilinear ? 1 : 0);
  dispatch.constants.push_back(op.values().align_corners ? 1 : 0);
  dispatch.groups = row_groups(static_cast<std::uint64_t>(walked.batch) * walked.depth * walked.height,
                               static_cast<std::uint64_t>(walked.width) * vectors, request.caps);
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::string_view to_string(ResizeMode mode) {
  return mode == ResizeMode::nearest ? "nearest" : "bilinear";
}

Value resize(Value x, const ResizeAttributes& attributes) {
  require_image("resize", "x", x.type());
  auto op = std::make_shared<Resize>(attributes, x.shape(), resized_shape(attributes, x.shape()));
  return x.graph().add(std::move(op), {x})[0];
}

std::vector<Kernel> resize_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_resize<4, false>}, {"gather", refuse_large, emit_resize<1, false>}};
}

std::vector<Kernel> resize_gradient_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_resize<4, true>}, {"gather", refuse_large, emit_resize<1, true>}};
}

}  // namespace tuff
