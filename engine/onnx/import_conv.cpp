// Convolutions.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pad.h"
#include "ops/slice.h"

namespace tuff::onnx {
namespace {

struct Window {  // one entry for each spatial axis
  Extents kernel, stride, dilation, lo, hi;
};

Extents or_all(Extents values, std::size_t axes, std::int64_t value) {
  return values.empty() ? Extents(axes, value) : std::move(values);
}

Window window_of(const DeviceNode& node) {
  const Extents weight = node.shape(1);
  if (weight.size() < 3 || weight.size() != node.shape(0).size())
    node.fail(fmt::format("input {} and weight {} don't fit", shape_text(node.shape(0)), shape_text(weight)));
  for (std::size_t i = 2; i < weight.size(); ++i)
    if (weight[i] > INT32_MAX || node.shape(0)[i] > INT32_MAX) node.fail("its input or weight is too large");
  const std::size_t axes = weight.size() - 2;
  Window window{.kernel = Extents(weight.begin() + 2, weight.end()),
                .stride = or_all(node.integers("strides"), axes, 1),
                .dilation = or_all(node.integers("dilations"), axes, 1)};
  const Extents kernel = node.integers("kernel_shape"), pads = or_all(node.integers("pads"), 2 * axes, 0);
  if (!kernel.empty() && kernel != window.kernel) node.fail("kernel_shape isn't its weight's");
  if (window.stride.size() != axes || window.dilation.size() != axes || pads.size() != 2 * axes)
    node.fail("its attributes are of another number of axes");
  for (std::size_t i = 0; i < axes; ++i)
    if (window.stride[i] < 1 || window.stride[i] > INT32_MAX || window.dilation[i] < 1 ||
        window.dilation[i] > INT32_MAX)
      node.fail("its strides or dilations are impossible");
  for (const std::int64_t pad : pads)
    if (pad < INT32_MIN || pad > INT32_MAX) node.fail("its pads are impossible");
  window.lo.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  window.hi.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  return window;
}

// The larger half of what SAME_UPPER and SAME_LOWER pad lies at that side.
void share(Window& window, std::size_t axis, std::int64_t total, bool upper) {
  const std::int64_t less = std::max<std::int64_t>(total, 0) / 2, more = std::max<std::int64_t>(total, 0) - less;
  window.lo[axis] = upper ? less : more;
  window.hi[axis] = upper ? more : less;
}

std::string auto_pad_of(const DeviceNode& node) {
  return node.choice("auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"});
}

std::int64_t reach(const Window& window, std::size_t axis) {
  return window.dilation[axis] * (window.kernel[axis] - 1) + 1;
}

void conv_node(DeviceNode& node) {
  Window window = window_of(node);
  const std::string mode = auto_pad_of(node);
  const Extents shape = node.shape(0);
  for (std::size_t i = 0; i < window.kernel.size() && mode != "NOTSET"; ++i) {
    const std::int64_t outputs = (shape[i + 2] + window.stride[i] - 1) / window.stride[i];
    share(window, i, mode == "VALID" ? 0 : (outputs - 1) * window.stride[i] + reach(window, i) - shape[i + 2],
          mode == "SAME_UPPER");
  }
  Value x = node.real(0);
  ConvAttributes attributes{.stride = window.stride, .dilation = window.dilation, .groups = node.integer("group", 1)};
  const bool even = window.lo == window.hi && std::ranges::all_of(window.lo, [](std::int64_t pad) { return pad >= 0; });
  if (even)
    attributes.padding = window.lo;
  else
    x = pad(x, window.lo, window.hi);
  node.set(0, conv(x, node.weight(1, Layout::weight), node.optional(2), attributes));
}

// With the padding at both ends cut off afterwards where it isn't the same.
void conv_transpose_node(DeviceNode& node) {
  Window window = window_of(node);
  const std::size_t axes = window.kernel.size();
  const Extents shape = node.shape(0), wanted = node.integers("output_shape");
  Extents extra = or_all(node.integers("output_padding"), axes, 0), full;
  if (extra.size() != axes || (!wanted.empty() && wanted.size() < axes))
    node.fail("its attributes are of another number of axes");
  for (const std::int64_t extent : extra)
    if (extent < 0 || extent > INT32_MAX) node.fail("its output_padding is impossible");
  for (const std::int64_t extent : wanted)
    if (extent < 1 || extent > INT32_MAX)
      node.fail(fmt::format("its output_shape {} is impossible", shape_text(wanted)));
  const std::string mode = auto_pad_of(node);
  for (std::size_t i = 0; i < axes; ++i) {
    full.push_back((shape[i + 2] - 1) * window.stride[i] + reach(window, i) + extra[i]);
    const bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
    if (!wanted.empty())
      share(window, i, full[i] - wanted[wanted.size() - axes + i], mode == "SAME_UPPER");
    else if (same)
      share(window, i, full[i] - shape[i + 2] * window.stride[i], mode == "SAME_UPPER");
    if (!wanted.empty() && full[i] < wanted[wanted.size() - axes + i])
      extra[i] += wanted[wanted.size() - axes + i] - full[i];
  }
  ConvAttributes attributes{.stride = window.stride,
                            .dilation = window.dilation,
                            .output_padding = extra,
                            .groups = node.integer("group", 1)};
  const bool even = window.lo == window.hi;
  if (even) attributes.padding = window.lo;
  const Value y = conv_transpose(node.real(0), node.weight(1, Layout::transposed_weight), node.optional(2), attributes);
  if (even) return node.set(0, y);
  const Shape whole = y.shape();
  Extents starts(axes + 2, 0), ends = whole.extents();
  for (std::size_t i = 0; i < axes; ++i) starts[i + 2] = window.lo[i], ends[i + 2] -= window.hi[i];
  node.set(0, slice(y, starts, ends));
}

}  // namespace

std::span<const HandlerRow> conv_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"Conv", conv_node},
      {"ConvTranspose", conv_transpose_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
