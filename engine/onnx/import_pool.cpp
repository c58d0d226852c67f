// Pooling and what undoes it.
#include <algorithm>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/pool.h"
#include "ops/reduce.h"

namespace tuff::onnx {
namespace {

Extents spatial_extents(const DeviceNode& node) {
  const Extents shape = node.shape(0);
  if (shape.size() < 3) node.fail("its input has no spatial axes (shape " + shape_text(shape) + ")");
  return {shape.begin() + 2, shape.end()};
}

PoolAttributes window_of(const DeviceNode& node) {
  const std::size_t axes = spatial_extents(node).size();
  PoolAttributes window{.kernel = node.integers("kernel_shape"), .stride = node.integers("strides"), .dilation = node.integers("dilations"),
                        .ceil_mode = node.integer("ceil_mode", 0) != 0};
  if (window.kernel.size() != axes) node.fail("kernel_shape is of another number of axes");
  if (window.stride.empty()) window.stride = Extents(axes, 1);
  const Extents pads = node.integers("pads");
  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    for (std::size_t i = 0; i < axes; ++i) {
      const std::int64_t in = spatial_extents(node)[i], reach = (window.dilation.empty() ? 1 : window.dilation[i]) * (window.kernel[i] - 1) + 1;
      const std::int64_t total = std::max<std::int64_t>(0, ((in + window.stride[i] - 1) / window.stride[i] - 1) * window.stride[i] + reach - in);
      if (total % 2 != 0) node.unsupported("pads that differ at both ends");
      window.padding.push_back(total / 2);
    }
  } else if (mode == "NOTSET" && !pads.empty()) {
    if (pads.size() != 2 * axes) node.fail("pads are of another number of axes");
    window.padding.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
    if (!std::equal(window.padding.begin(), window.padding.end(), pads.begin() + static_cast<std::ptrdiff_t>(axes))) node.unsupported("pads that differ at both ends");
  }
  return window;
}

void max_pool_node(DeviceNode& node) {
  if (node.wants(1)) node.unsupported("indices");
  node.set(0, max_pool(node.real(0), window_of(node)).output);
}

void average_pool_node(DeviceNode& node) {
  PoolAttributes window = window_of(node);
  window.count_include_pad = node.integer("count_include_pad", 0) != 0;
  node.set(0, avg_pool(node.real(0), window));
}

template <Value (*function)(Value, std::vector<int>, bool)>
void global_pool(DeviceNode& node) {
  std::vector<int> axes;
  for (std::size_t i = 0; i < spatial_extents(node).size(); ++i) axes.push_back(static_cast<int>(i) + 2);
  node.set(0, function(node.real(0), axes, true));
}

}  // namespace

std::span<const HandlerRow> pool_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"AveragePool", average_pool_node},
      {"GlobalAveragePool", global_pool<mean>},
      {"GlobalMaxPool", global_pool<max>},
      {"MaxPool", max_pool_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
