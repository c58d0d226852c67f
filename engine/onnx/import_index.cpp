// Operators that read or write elements at positions that another input names.
#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/constants.h"
#include "ops/gather.h"
#include "ops/pointwise.h"
#include "ops/scatter.h"
#include "ops/slice.h"

namespace tuff::onnx {
namespace {

int axis_of(const DeviceNode& node) {
  return node.axis(node.integer("axis", 0), node.rank(0));
}

void gather_node(DeviceNode& node) {
  node.require_integers(1);
  if (node.empty(1)) {
    Extents shape = node.shape(0);
    const Extents indices = node.shape(1);
    const auto at = shape.erase(shape.begin() + axis_of(node));
    shape.insert(at, indices.begin(), indices.end());
    return node.set(0, Array(node.type(0), shape));
  }
  node.set(0, take(node.value(0), axis_of(node), node.index(1)));
}

void gather_elements_node(DeviceNode& node) {
  node.require_integers(1);
  if (node.empty(1)) return node.set(0, Array(node.type(0), node.shape(1)));
  node.set(0, gather(node.value(0), axis_of(node), node.index(1)));
}

void gather_nd_node(DeviceNode& node) {
  node.require_integers(1);
  node.set(0, gather_nd(node.value(0), node.index(1), static_cast<int>(node.integer("batch_dims", 0))));
}

ScatterReduction reduction_of(const DeviceNode& node) {
  const std::string reduction = node.text("reduction", "none");
  if (reduction == "none") return ScatterReduction::none;
  if (reduction == "add") return ScatterReduction::add;
  if (reduction == "mul") return ScatterReduction::mul;
  if (reduction == "min") return ScatterReduction::min;
  if (reduction == "max") return ScatterReduction::max;
  node.unsupported("reduction " + reduction);
}

void scatter_elements_node(DeviceNode& node) {
  node.require_integers(1);
  if (node.empty(1)) return node.set(0, node.value(0));
  node.set(0, scatter(node.value(0), axis_of(node), node.index(1), node.value(2), reduction_of(node)));
}

void scatter_nd_node(DeviceNode& node) {
  node.require_integers(1);
  if (node.empty(1)) return node.set(0, node.value(0));
  node.set(0, scatter_nd(node.value(0), node.index(1), node.value(2), reduction_of(node)));
}

// Where the indices are computed; the two values may be, too.
void one_hot_node(DeviceNode& node) {
  const std::int64_t depth = static_cast<std::int64_t>(node.scalar(1, 0)), rank = node.rank(0) + 1;
  const Value hot = one_hot(node.index(0), depth, node.axis(node.integer("axis", -1), rank)), values = node.real(2);
  const Value off = slice(values, {0}, {1}), on = slice(values, {1}, {2});
  node.set(0, where(hot, on, off), node.type(2));
}

}  // namespace

std::span<const HandlerRow> index_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"Gather", gather_node},
      {"GatherElements", gather_elements_node},
      {"GatherND", gather_nd_node},
      {"OneHot", one_hot_node},
      {"Scatter", scatter_elements_node},
      {"ScatterElements", scatter_elements_node},
      {"ScatterND", scatter_nd_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
