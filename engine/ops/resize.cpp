#include "ops/resize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/resize_tables.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Nearest and bilinear over the spatial axes, by the kernels of this file.
Value sampled(Value x, const ResizeAttributes& attributes);

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

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_float(name(), "upstream", inputs[0]);
    if (inputs[0].shape != resized())
      throw Error(
          fmt::format("resize_gradient: upstream is {}, must be {}", to_string(inputs[0]), to_string(resized())));
    return {{DType::f32, unresized()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {sampled(context.upstream[0], values())};
  }
};

class Resize : public ResizeOp {
 public:
  using ResizeOp::ResizeOp;
  std::string_view name() const override { return "resize"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    return {{DType::f32, resized()}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    auto op = std::make_shared<ResizeGradient>(values(), unresized(), resized());
    return {context.upstream[0].graph().add(std::move(op), {context.upstream[0]})[0]};
  }
};

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
  const RowGroups over = row_groups(static_cast<std::uint64_t>(walked.batch) * walked.depth * walked.height,
                                    static_cast<std::uint64_t>(walked.width) * vectors, request.caps);
  dispatch.specialization = {over.size, 1, 1};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = {from.batch, vectors, from.depth, from.height, from.width, to.depth, to.height, to.width};
  for (const float step : sampling_steps(op)) dispatch.constants.push_back(float_bits(step));
  dispatch.constants.push_back(op.values().mode == ResizeMode::bilinear ? 1 : 0);
  dispatch.constants.push_back(op.values().align_corners ? 1 : 0);
  dispatch.groups = over.groups;
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::string_view to_string(ResizeMode mode) {
  switch (mode) {
    case ResizeMode::nearest: return "nearest";
    case ResizeMode::bilinear: return "bilinear";
    case ResizeMode::cubic: return "cubic";
    case ResizeMode::area: return "area";
  }
  return "?";
}

// ---- the builder --------------------------------------------------------------------------------

namespace {

// The axes that change, and to what.
struct Goal {
  std::vector<int> axes;
  std::vector<ResizeAxis> extents;  // one per axis
};

std::string text(const ResizeAttributes& attributes) {
  return fmt::format("size={} scale={}", fmt::join(attributes.size, "x"), fmt::join(attributes.scale, "x"));
}

std::vector<int> changed_axes(Value x, const ResizeAttributes& attributes) {
  std::vector<int> axes = attributes.axes;
  if (axes.empty()) {
    require_image("resize", "x", x.type());
    for (int axis = 2; axis < x.shape().rank(); ++axis) axes.push_back(axis);
  }
  require_float("resize", "x", x.type());
  for (int& axis : axes) {
    if (axis < -x.shape().rank() || axis >= x.shape().rank())
      throw Error(fmt::format("resize: x ({}) has no axis {}", to_string(x.type()), axis));
    if (axis < 0) axis += x.shape().rank();
    if (std::ranges::count(axes, axis) > 1) throw Error(fmt::format("resize: axis {} is given twice", axis));
  }
  return axes;
}

Goal goal_of(Value x, const ResizeAttributes& attributes) {
  Goal goal{changed_axes(x, attributes), {}};
  const auto fits = [&](std::size_t count) { return count <= 1 || count == goal.axes.size(); };
  const bool sized = !attributes.size.empty(), scaled = !attributes.scale.empty();
  if (!(sized || scaled) || !fits(attributes.size.size()) || !fits(attributes.scale.size()))
    throw Error(fmt::format("resize: give a size or a scale, one value or {} (x is {}), not {}", goal.axes.size(),
                            to_string(x.shape()), text(attributes)));
  for (std::size_t a = 0; a < goal.axes.size(); ++a) {
    ResizeAxis axis{.in = x.shape()[goal.axes[a]]};
    const auto in = static_cast<double>(axis.in);
    if (sized) axis.out = attributes.size[attributes.size.size() == 1 ? 0 : a];
    axis.scale = scaled ? attributes.scale[attributes.scale.size() == 1 ? 0 : a] : static_cast<double>(axis.out) / in;
    if (!sized) axis.out = in * axis.scale < 2147483648.0 ? static_cast<std::int64_t>(std::floor(in * axis.scale)) : 0;
    const double rest = in * axis.scale - static_cast<double>(axis.out);
    if (sized && scaled && !(rest >= -0.5 && rest < 1))
      throw Error(fmt::format("resize: {} of {} elements isn't a scale of {}", axis.out, axis.in, axis.scale));
    if (!(axis.out >= 1 && axis.out < std::int64_t{1} << 31))
      throw Error(fmt::format("resize: {} would have {} elements on axis {} with {}", to_string(x.shape()), axis.out,
                              goal.axes[a], text(attributes)));
    if (!attributes.roi.empty()) {
      axis.start = attributes.roi[a];
      axis.end = attributes.roi[goal.axes.size() + a];
    }
    goal.extents.push_back(axis);
  }
  return goal;
}

void require_sensible(const ResizeAttributes& attributes, std::size_t axes) {
  const bool interpolates = attributes.mode == ResizeMode::bilinear || attributes.mode == ResizeMode::cubic;
  const bool pytorch = attributes.coordinates == ResizeCoordinates::pytorch;
  const std::string_view mode = to_string(attributes.mode);
  if (attributes.align_corners && !interpolates)
    throw Error(fmt::format("resize: align_corners needs mode bilinear or cubic, not {}", mode));
  if (attributes.align_corners && !pytorch)
    throw Error("resize: align_corners=true goes with coordinates pytorch alone; else it is one of them");
  if (attributes.antialias && (!interpolates || attributes.align_corners))
    throw Error(fmt::format("resize: antialias needs mode bilinear or cubic without align_corners=true, not {}", mode));
  if (attributes.mode == ResizeMode::area && (!pytorch || !attributes.axes.empty()))
    throw Error("resize: mode area takes the spatial axes and coordinates pytorch");
  const bool crop = attributes.coordinates == ResizeCoordinates::crop_and_resize;
  if (crop ? attributes.roi.size() != 2 * axes : !attributes.roi.empty())
    throw Error(
        fmt::format("resize: roi has {} values; crop_and_resize takes a start and an end for each of {} axes, other "
                    "coordinates none",
                    attributes.roi.size(), axes));
}

// Their f32 arithmetic gives the same as the tables' double: exactly, or up to rounding where the result is continuous.
bool has_kernel(const ResizeAttributes& attributes, const Goal& goal) {
  if (!attributes.axes.empty() || attributes.antialias || attributes.exclude_outside) return false;
  if (!attributes.size.empty() && !attributes.scale.empty()) return false;
  const bool pytorch = attributes.coordinates == ResizeCoordinates::pytorch;
  if (attributes.mode == ResizeMode::bilinear)
    return pytorch || attributes.coordinates == ResizeCoordinates::half_pixel;
  if (attributes.mode != ResizeMode::nearest) return false;
  const bool doublings = std::ranges::all_of(goal.extents, [](const ResizeAxis& axis) {
    return axis.scale >= 1 && axis.scale <= 65536 && std::has_single_bit(static_cast<std::uint32_t>(axis.scale)) &&
           std::floor(axis.scale) == axis.scale;
  });
  return pytorch || (attributes.coordinates == ResizeCoordinates::asymmetric &&
                     attributes.nearest_mode == NearestMode::floor && doublings);
}

bool is_identity(const ResampleTable& table) {
  if (table.in != table.out || table.taps != 1) return false;
  for (std::int64_t o = 0; o < table.out; ++o)
    if (table.first[static_cast<std::size_t>(o)] != o || table.weights[static_cast<std::size_t>(o)] != 1) return false;
  return true;
}

// Those first that shrink the most.
Value axis_by_axis(Value x, const ResizeAttributes& attributes, const Goal& goal) {
  std::vector<std::size_t> order(goal.axes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t a) {
    return static_cast<double>(goal.extents[a].out) / static_cast<double>(goal.extents[a].in);
  });
  // A result that is extrapolated has no taps: it is 0 of x minus the value.
  const auto beyond = static_cast<float>(attributes.extrapolation_value);
  const bool shifted = attributes.coordinates == ResizeCoordinates::crop_and_resize && beyond != 0;
  if (shifted) x = add_scalar(x, -beyond);
  for (const std::size_t a : order) {
    const ResampleTable table = resize_table(attributes, goal.extents[a]);
    if (!is_identity(table)) x = resample(x, goal.axes[a], table);
  }
  return shifted ? add_scalar(x, beyond) : x;
}

Value sampled(Value x, const ResizeAttributes& attributes) {
  std::vector<std::int64_t> extents = x.shape().extents();
  const Goal goal = goal_of(x, attributes);
  for (std::size_t a = 0; a < goal.axes.size(); ++a)
    extents[static_cast<std::size_t>(goal.axes[a])] = goal.extents[a].out;
  auto op = std::make_shared<Resize>(attributes, x.shape(), Shape(std::move(extents)));
  return x.graph().add(std::move(op), {x})[0];
}

}  // namespace

Value resize(Value x, const ResizeAttributes& attributes) {
  const Goal goal = goal_of(x, attributes);
  require_sensible(attributes, goal.axes.size());
  if (has_kernel(attributes, goal)) return sampled(x, attributes);
  if (attributes.mode != ResizeMode::area) return axis_by_axis(x, attributes, goal);
  std::vector<std::int64_t> size;
  for (const ResizeAxis& axis : goal.extents) size.push_back(axis.out);
  return adaptive_avg_pool(x, size);
}

std::vector<Kernel> resize_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_resize<4, false>}, {"gather", refuse_large, emit_resize<1, false>}};
}

std::vector<Kernel> resize_gradient_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_resize<4, true>}, {"gather", refuse_large, emit_resize<1, true>}};
}

}  // namespace tuff
