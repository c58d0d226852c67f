// Pooling and what undoes it.
#include <algorithm>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/unpool.h"

namespace tuff::onnx {
namespace {

Extents spatial_extents(const DeviceNode& node) {
  const Extents shape = node.shape(0);
  if (shape.size() < 3) node.fail("its input has no spatial axes (shape " + shape_text(shape) + ")");
  return {shape.begin() + 2, shape.end()};
}

PoolAttributes window_of(const DeviceNode& node) {
  const std::size_t axes = spatial_extents(node).size();
  PoolAttributes window{.kernel = node.integers("kernel_shape"),
                        .stride = node.integers("strides"),
                        .dilation = node.integers("dilations"),
                        .ceil_mode = node.integer("ceil_mode", 0) != 0};
  if (window.kernel.size() != axes) node.fail("kernel_shape is of another number of axes");
  if (window.stride.empty()) window.stride = Extents(axes, 1);
  const Extents pads = node.integers("pads");
  const std::string mode = node.choice("auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"});
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    window.auto_pad = mode == "SAME_UPPER" ? AutoPad::same_upper : AutoPad::same_lower;
  } else if (mode == "NOTSET" && !pads.empty()) {
    if (pads.size() != 2 * axes) node.fail("pads are of another number of axes");
    window.padding.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
    window.padding_end.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  }
  return window;
}

void max_pool_node(DeviceNode& node) {
  const MaxPool result = max_pool(node.real(0), window_of(node));
  node.set(0, result.output);
  if (node.wants(1))
    node.set(1, whole_tensor_indices(result.indices, spatial_extents(node), node.integer("storage_order", 0) != 0),
             ElementType::i64);
}

void average_pool_node(DeviceNode& node) {
  PoolAttributes window = window_of(node);
  window.count_include_pad = node.integer("count_include_pad", 0) != 0;
  node.set(0, avg_pool(node.real(0), window));
}

float norm_type(const DeviceNode& node) {
  return node.opset() < 2 ? node.number("p", 2) : static_cast<float>(node.integer("p", 2));
}

void lp_pool_node(DeviceNode& node) {
  node.set(0, lp_pool(node.real(0), {.norm_type = norm_type(node), .window = window_of(node), .magnitudes = true}));
}

template <Value (*function)(Value)>
void global_pool(DeviceNode& node) {
  node.set(0, function(node.real(0)));
}

void global_lp_pool_node(DeviceNode& node) {
  node.set(0, global_lp_pool(node.real(0), norm_type(node)));
}

// A wanted shape beyond what the window gives is filled with zeros at the far side.
void max_unpool_node(DeviceNode& node) {
  PoolAttributes window = window_of(node);
  const Extents pooled = spatial_extents(node);
  Extents inferred;
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    const std::int64_t pads = window.padding.empty() ? 0 : window.padding[i] + window.padding_end[i];
    inferred.push_back((pooled[i] - 1) * window.stride[i] - pads + window.kernel[i]);
  }
  const Value y = max_unpool(node.real(0), plane_indices(node.index(1), inferred), window);
  if (!node.has(2)) return node.set(0, y);
  const Extents wanted = integers(node.constant(2));
  Extents hi = y.shape().extents();
  if (wanted.size() != hi.size()) node.fail("output_shape is of another number of axes");
  for (std::size_t i = 0; i < hi.size(); ++i) hi[i] = wanted[i] - hi[i];
  node.set(0, pad(y, Extents(hi.size(), 0), hi));
}

}  // namespace

std::span<const HandlerRow> pool_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"AveragePool", average_pool_node},
      {"GlobalAveragePool", global_pool<global_avg_pool>},
      {"GlobalLpPool", global_lp_pool_node},
      {"GlobalMaxPool", global_pool<global_max_pool>},
      {"LpPool", lp_pool_node},
      {"MaxPool", max_pool_node},
      {"MaxUnpool", max_unpool_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
