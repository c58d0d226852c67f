#include "ops/pixel_shuffle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "ops/division.h"
#include "ops/permute.h"
#include "ops/reshape.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Pixels of a block: factor to the number of spatial axes.
std::int64_t block_size(std::int64_t factor, const Shape& shape) {
  std::int64_t size = 1;
  for (int axis = 2; axis < shape.rank(); ++axis) size *= factor;
  return size;
}

// Both directions: their factor, and the checks that they share.
class ShuffleOp : public Op {
 public:
  explicit ShuffleOp(std::int64_t factor) : factor_(factor) {}
  std::int64_t factor() const { return factor_; }
  std::string attributes() const override { return fmt::format("{}={}", factor_name(), factor_); }

 protected:
  virtual std::string_view factor_name() const = 0;

  // The limit keeps the largest block within 64 bits.
  void require_input(const TensorType& x) const {
    require_image(name(), "x", x);
    if (factor_ < 1 || factor_ > 65535)
      throw Error(fmt::format("{}: {} is {}, must lie between 1 and 65535", name(), factor_name(), factor_));
  }

 private:
  std::int64_t factor_;
};

class PixelShuffle : public ShuffleOp {
 public:
  using ShuffleOp::ShuffleOp;
  std::string_view name() const override { return "pixel_shuffle"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_input(inputs[0]);
    std::vector<std::int64_t> extents = inputs[0].shape.extents();
    const std::int64_t block = block_size(factor(), inputs[0].shape);
    if (extents[1] % block != 0)
      throw Error(fmt::format("pixel_shuffle: x ({}) has {} channels, must have a multiple of {} for upscale_factor {}",
                              to_string(inputs[0]), extents[1], block, factor()));
    extents[1] /= block;
    for (std::size_t axis = 2; axis < extents.size(); ++axis) extents[axis] *= factor();
    return {{DType::f32, Shape(std::move(extents))}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {pixel_unshuffle(context.upstream[0], factor())};
  }

 private:
  std::string_view factor_name() const override { return "upscale_factor"; }
};

class PixelUnshuffle : public ShuffleOp {
 public:
  using ShuffleOp::ShuffleOp;
  std::string_view name() const override { return "pixel_unshuffle"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_input(inputs[0]);
    std::vector<std::int64_t> extents = inputs[0].shape.extents();
    for (std::size_t axis = 2; axis < extents.size(); ++axis) {
      if (extents[axis] % factor() != 0)
        throw Error(
            fmt::format("pixel_unshuffle: x ({}) has extent {} on axis {}, must be a multiple of "
                        "downscale_factor {}",
                        to_string(inputs[0]), extents[axis], axis, factor()));
      extents[axis] /= factor();
    }
    extents[1] *= block_size(factor(), inputs[0].shape);
    return {{DType::f32, Shape(std::move(extents))}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    return {pixel_shuffle(context.upstream[0], factor())};
  }

 private:
  std::string_view factor_name() const override { return "downscale_factor"; }
};

// (depth, height, width) of a block of pixels; 1 along axes that aren't there.
std::array<std::uint32_t, 3> block_extents(const KernelRequest& request) {
  const auto axes = static_cast<std::size_t>(request.outputs[0].shape.rank() - 2);
  return to_3d(std::vector<std::int64_t>(axes, static_cast<const ShuffleOp&>(request.op).factor()), 1);
}

// An axis of the shuffled tensor in memory, and how far apart its neighbours lie in the unshuffled one.
struct ShuffledAxis {
  std::uint32_t extent, stride;
};

// All but the outermost (samples and the depth of the unshuffled tensor), innermost first. Those of extent 1 are left
// out: they move nothing, and the shader can't divide by 1.
std::vector<ShuffledAxis> inner_axes(const Volume& unshuffled, const std::array<std::uint32_t, 3>& block,
                                     std::uint32_t lanes) {
  const std::uint32_t pixels = block[0] * block[1] * block[2];
  std::vector<ShuffledAxis> axes = {{unshuffled.channels / pixels / lanes, pixels * lanes},
                                    {block[2], 1},
                                    {unshuffled.width, unshuffled.channels},
                                    {block[1], block[2]},
                                    {unshuffled.height, unshuffled.width * unshuffled.channels},
                                    {block[0], block[1] * block[2]}};
  std::erase_if(axes, [](const ShuffledAxis& axis) { return axis.extent == 1; });
  return axes;
}

// As the shader takes them: room for six, four words each.
std::vector<std::uint32_t> axis_constants(const std::vector<ShuffledAxis>& axes) {
  std::vector<std::uint32_t> constants;
  for (const auto& [extent, stride] : axes) {
    const Division by = division(extent);
    constants.insert(constants.end(), {extent, by.multiplier, by.shift, stride});
  }
  constants.resize(6 * 4, 0);
  return constants;
}

// One invocation per element of the shuffled tensor (or four channels of it), in the order of its memory.
template <std::uint32_t lanes, bool unshuffle>
KernelDispatches emit_copy(const KernelRequest& request) {
  const TensorType& type = unshuffle ? request.outputs[0] : request.inputs[0];
  const Volume unshuffled = volume(type);
  const auto block = block_extents(request);
  const std::vector<ShuffledAxis> axes = inner_axes(unshuffled, block, lanes);
  const auto count = static_cast<std::uint32_t>(type.shape.elements()) / lanes;
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch;
  dispatch.shader =
      fmt::format("pixel_shuffle/copy.{}{}", unshuffle ? "unshuffle_" : "", lanes == 4 ? "vec4" : "scalar");
  dispatch.specialization = {rounds.size, 1, 1, static_cast<std::uint32_t>(axes.size() + 1)};
  dispatch.buffers = {reads_input(0), writes_output(0)};
  dispatch.constants = axis_constants(axes);
  for (const std::uint32_t value : {unshuffled.height * unshuffled.width * unshuffled.channels,
                                    block[0] * block[1] * block[2], count, rounds.count})
    dispatch.constants.push_back(value);
  dispatch.groups = rounds.groups;
  dispatch.bytes = 2.0 * static_cast<double>(type.bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

Value pixel_shuffle(Value x, std::int64_t upscale_factor) {
  return x.graph().add(std::make_shared<PixelShuffle>(upscale_factor), {x})[0];
}

Value pixel_unshuffle(Value x, std::int64_t downscale_factor) {
  return x.graph().add(std::make_shared<PixelUnshuffle>(downscale_factor), {x})[0];
}

// ---- by rows of channels ------------------------------------------------------------------------

namespace {

// A channels-last type whose memory has these axes, from the outermost.
TensorType in_memory(DType dtype, std::vector<std::int64_t> axes) {
  if (axes.size() >= 3) std::rotate(axes.begin() + 1, axes.end() - 1, axes.end());
  return {dtype, Shape(std::move(axes))};
}

// x, whose memory has these axes, with axis order[i] of them as number i.
Value permute_memory(Value x, const std::vector<std::int64_t>& axes, const std::vector<int>& order) {
  const auto last = static_cast<int>(axes.size()) - 1;
  const auto logical = [&](int axis) { return axis == 0 || last < 2 ? axis : axis == last ? 1 : axis + 1; };
  std::vector<int> dims(axes.size());
  for (int axis = 0; axis <= last; ++axis)
    dims[static_cast<std::size_t>(logical(axis))] = logical(order[static_cast<std::size_t>(axis)]);
  return permute(view_as(x, in_memory(x.dtype(), axes)), std::move(dims));
}

void require_blocks(std::string_view op, Value x, std::int64_t blocksize, bool divides) {
  const TensorType& type = x.type();
  if (type.shape.rank() < 3 || type.shape.rank() > 5 || type.layout != Layout::channels_last)
    throw Error(fmt::format("{}: x must be (N, C, 1 to 3 spatial axes), got {}", op, to_string(type)));
  if (blocksize < 1 || blocksize > 65535 || !divides)
    throw Error(
        fmt::format("{}: x ({}) isn't made of blocks of {} along each spatial axis", op, to_string(type), blocksize));
}

}  // namespace

// Memory goes from (N, spatial..., blocks..., C) to (N, each spatial axis and its block, C).
Value depth_to_space(Value x, std::int64_t blocksize, DepthMode mode) {
  if (mode == DepthMode::crd) return pixel_shuffle(x, blocksize);
  const Shape shape = x.shape();
  const int count = shape.rank() - 2;
  const std::int64_t block = shape.rank() > 5 || blocksize < 1 || blocksize > 65535 ? 1 : block_size(blocksize, shape);
  require_blocks("depth_to_space", x, blocksize, shape.rank() >= 3 && shape[1] % block == 0);
  std::vector<std::int64_t> extents = {shape[0], shape[1] / block}, axes;
  std::vector<int> order;
  for (int axis = 0; axis < count; ++axis) {
    extents.push_back(shape[axis + 2] * blocksize);
    axes.push_back(shape[axis + 2]);
    order.insert(order.end(), {axis, count + axis});
  }
  axes.insert(axes.end(), static_cast<std::size_t>(count), blocksize);
  axes.front() *= shape[0];
  axes.back() *= extents[1];
  return view_as(permute_memory(x, axes, order), {x.dtype(), Shape(std::move(extents))});
}

Value space_to_depth(Value x, std::int64_t blocksize, DepthMode mode) {
  if (mode == DepthMode::crd) return pixel_unshuffle(x, blocksize);
  const Shape shape = x.shape();
  const int count = shape.rank() - 2;
  bool divides = blocksize >= 1;
  for (int axis = 2; divides && axis < shape.rank(); ++axis) divides = shape[axis] % blocksize == 0;
  require_blocks("space_to_depth", x, blocksize, divides);
  std::vector<std::int64_t> extents = {shape[0], shape[1] * block_size(blocksize, shape)}, axes;
  std::vector<int> order;
  for (int axis = 0; axis < count; ++axis) {
    extents.push_back(shape[axis + 2] / blocksize);
    axes.insert(axes.end(), {shape[axis + 2] / blocksize, blocksize});
    order.push_back(2 * axis);
  }
  for (int axis = 0; axis < count; ++axis) order.push_back(2 * axis + 1);
  axes.front() *= shape[0];
  axes.back() *= shape[1];
  return view_as(permute_memory(x, axes, order), {x.dtype(), Shape(std::move(extents))});
}

std::vector<Kernel> pixel_shuffle_kernels() {
  return {{"copy_vec4", refuse_unless_vec4, emit_copy<4, false>}, {"copy", refuse_large, emit_copy<1, false>}};
}

std::vector<Kernel> pixel_unshuffle_kernels() {
  return {{"copy_vec4", refuse_unless_vec4, emit_copy<4, true>}, {"copy", refuse_large, emit_copy<1, true>}};
}

}  // namespace tuff
