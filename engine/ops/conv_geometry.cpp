#include "ops/conv_geometry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "ops/spatial.h"

namespace tuff {

std::string_view to_string(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::zeros: return "zeros";
    case PaddingMode::reflect: return "reflect";
    case PaddingMode::replicate: return "replicate";
    case PaddingMode::circular: return "circular";
  }
  return "?";
}

std::string to_string(const ConvAttributes& attributes) {
  std::string text = fmt::format("stride={} padding={} dilation={}", fmt::join(attributes.stride, "x"),
                                 fmt::join(attributes.padding, "x"), fmt::join(attributes.dilation, "x"));
  if (!attributes.padding_end.empty() && attributes.padding_end != attributes.padding)
    text += fmt::format(" padding_end={}", fmt::join(attributes.padding_end, "x"));
  if (!attributes.output_padding.empty())
    text += fmt::format(" output_padding={}", fmt::join(attributes.output_padding, "x"));
  if (!attributes.output_size.empty()) text += fmt::format(" output_size={}", fmt::join(attributes.output_size, "x"));
  if (attributes.auto_pad != AutoPad::none) text += fmt::format(" auto_pad={}", to_string(attributes.auto_pad));
  if (attributes.padding_mode != PaddingMode::zeros)
    text += fmt::format(" padding_mode={}", to_string(attributes.padding_mode));
  if (attributes.flip_kernel) text += " flip_kernel";
  if (attributes.groups != 1) text += fmt::format(" groups={}", attributes.groups);
  switch (attributes.activation) {
    case Activation::none: break;
    case Activation::relu: text += " activation=relu"; break;
    case Activation::leaky_relu: text += fmt::format(" activation=leaky_relu({})", attributes.slope); break;
    case Activation::sigmoid: text += " activation=sigmoid"; break;
    case Activation::tanh: text += " activation=tanh"; break;
  }
  return text;
}

ConvAttributes complete(std::string_view op, const ConvAttributes& attributes, int axes) {
  ConvAttributes result = attributes;
  result.stride = per_axis(op, "stride", attributes.stride, axes, 1, 1);
  result.padding = per_axis(op, "padding", attributes.padding, axes, 0, 0);
  result.padding_end =
      attributes.padding_end.empty() ? result.padding : per_axis(op, "padding_end", attributes.padding_end, axes, 0, 0);
  result.dilation = per_axis(op, "dilation", attributes.dilation, axes, 1, 1);
  if (!attributes.output_padding.empty())
    result.output_padding = per_axis(op, "output_padding", attributes.output_padding, axes, 0, 0);
  if (!attributes.output_size.empty()) {
    if (op != "conv_transpose") throw Error(fmt::format("{}: takes no output_size; it follows from the input", op));
    if (!attributes.output_padding.empty())
      throw Error(fmt::format("{}: give output_size or output_padding, not both", op));
    result.output_size = per_axis(op, "output_size", attributes.output_size, axes, 1, 1);
  }
  if (attributes.auto_pad != AutoPad::none && !(attributes.padding.empty() && attributes.padding_end.empty()))
    throw Error(fmt::format("{}: give padding or auto_pad={}, not both", op, to_string(attributes.auto_pad)));
  if (attributes.groups < 1) throw Error(fmt::format("{}: groups is {}, must be at least 1", op, attributes.groups));
  return result;
}

namespace {

// The transposed side of resolve(), for one axis. `natural` is the output's extent without padding.
void resolve_transposed(ConvAttributes& a, std::size_t axis, std::int64_t in, std::int64_t natural) {
  const bool sized = !a.output_size.empty();
  if (!sized && !is_same(a.auto_pad)) return;
  if (a.output_padding.empty()) a.output_padding.assign(a.stride.size(), 0);
  const std::int64_t extent = sized ? a.output_size[axis] : in * a.stride[axis];
  if (is_same(a.auto_pad)) {
    const std::int64_t total = natural + a.output_padding[axis] - extent;
    std::tie(a.padding[axis], a.padding_end[axis]) = split_padding(a.auto_pad, total);
    if (total < 0) a.output_padding[axis] -= total;
    return;
  }
  const std::int64_t least = natural - a.padding[axis] - a.padding_end[axis];
  a.output_padding[axis] = extent - least;
  if (extent < least || (extent > least && extent >= least + std::max(a.stride[axis], a.dilation[axis])))
    throw Error(fmt::format("conv_transpose: output_size {} can't be reached on spatial axis {}; {} to {} can", extent,
                            axis, least, least + std::max(a.stride[axis], a.dilation[axis]) - 1));
}

}  // namespace

ConvAttributes resolve(std::string_view op, const ConvAttributes& attributes, const Shape& x, const Shape& weight) {
  ConvAttributes a = complete(op, attributes, std::max(1, x.rank() - 2));
  if (op == "conv_transpose" && attributes.padding_mode != PaddingMode::zeros)
    throw Error(
        fmt::format("conv_transpose: padding_mode is {}, only zeros is defined", to_string(attributes.padding_mode)));
  if (x.rank() >= 3 && x.rank() == weight.rank()) {  // else infer() refuses them
    for (std::size_t axis = 0; axis < a.stride.size(); ++axis) {
      const int dimension = static_cast<int>(axis) + 2;
      const std::int64_t in = x[dimension], stride = a.stride[axis],
                         reach = a.dilation[axis] * (weight[dimension] - 1) + 1;
      if (a.auto_pad == AutoPad::full) a.padding[axis] = a.padding_end[axis] = reach - 1;
      if (op == "conv_transpose")
        resolve_transposed(a, axis, in, (in - 1) * stride + reach);
      else if (is_same(a.auto_pad))
        std::tie(a.padding[axis], a.padding_end[axis]) = split_padding(a.auto_pad, same_padding(in, stride, reach));
    }
  }
  a.output_size.clear();
  a.auto_pad = AutoPad::none;
  a.padding_mode = PaddingMode::zeros;
  a.flip_kernel = false;
  return a;
}

std::vector<std::int64_t> conv_output_size(std::string_view op, const Shape& x, const Shape& weight,
                                           const ConvAttributes& a) {
  std::vector<std::int64_t> size;
  for (std::size_t axis = 0; axis < a.stride.size(); ++axis) {
    const int dimension = static_cast<int>(axis) + 2;
    const std::int64_t reach = a.dilation[axis] * (weight[dimension] - 1) + 1;
    const std::int64_t room = x[dimension] + a.padding[axis] + a.padding_end[axis] - reach;
    if (room < 0)
      throw Error(
          fmt::format("{}: kernel {} reaches over {} pixels, input x ({}) with padding {} and {} has {}; use a larger "
                      "input or more padding",
                      op, to_string(weight), reach, to_string(x), a.padding[axis], a.padding_end[axis], room + reach));
    size.push_back(room / a.stride[axis] + 1);
  }
  return size;
}

std::vector<std::int64_t> conv_transpose_output_size(const Shape& x, const Shape& weight, const ConvAttributes& a) {
  std::vector<std::int64_t> size;
  for (std::size_t axis = 0; axis < a.stride.size(); ++axis) {
    const int dimension = static_cast<int>(axis) + 2;
    const std::int64_t extra = a.output_padding.empty() ? 0 : a.output_padding[axis];
    if (extra != 0 && extra >= a.stride[axis] && extra >= a.dilation[axis])
      throw Error(fmt::format("conv_transpose: output_padding {} must be smaller than stride {} or dilation {}", extra,
                              a.stride[axis], a.dilation[axis]));
    size.push_back((x[dimension] - 1) * a.stride[axis] - a.padding[axis] - a.padding_end[axis] +
                   a.dilation[axis] * (weight[dimension] - 1) + 1 + extra);
    if (size.back() < 1)
      throw Error(fmt::format("conv_transpose: input x ({}) and weight {} with {} leave no output; use less padding",
                              to_string(x), to_string(weight), to_string(a)));
  }
  return size;
}

namespace {

Extents3 spatial_extents(const Shape& shape) {
  return to_3d({shape.extents().begin() + 2, shape.extents().end()}, 1);
}

}  // namespace

ConvGeometry conv_geometry(const Shape& x, const Shape& y, const Shape& kernel, const ConvAttributes& a) {
  ConvGeometry geometry;
  geometry.batch = static_cast<std::uint32_t>(x[0]);
  geometry.in_channels = static_cast<std::uint32_t>(x[1]);
  geometry.out_channels = static_cast<std::uint32_t>(y[1]);
  geometry.groups = static_cast<std::uint32_t>(a.groups);
  geometry.in = spatial_extents(x);
  geometry.out = spatial_extents(y);
  geometry.kernel = spatial_extents(kernel);
  geometry.stride = to_3d(a.stride, 1);
  geometry.padding = to_3d(a.padding, 0);
  geometry.dilation = to_3d(a.dilation, 1);
  return geometry;
}

std::vector<std::uint32_t> push_constants(const ConvGeometry& geometry) {
  std::vector<std::uint32_t> words;
  for (const Extents3* extents :
       {&geometry.in, &geometry.out, &geometry.kernel, &geometry.stride, &geometry.padding, &geometry.dilation})
    words.insert(words.end(), extents->begin(), extents->end());
  words.insert(words.end(), {geometry.in_channels, geometry.out_channels, geometry.groups, geometry.batch});
  return words;
}

}  // namespace tuff
