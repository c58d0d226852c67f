// Ops that move elements, or make them from shapes.
#include <algorithm>
#include <numeric>

#include "onnx/export_node.h"
#include "ops/expand.h"
#include "ops/fill.h"

namespace tuff::onnx {
namespace {

ElementType element_of(DType dtype) {
  return dtype == DType::i32 ? ElementType::i32 : ElementType::f32;
}

void write_same(ExportNode& node) {
  node.set(node.input(0));
}

void write_cast(ExportNode& node) {
  node.set(node.writer().cast(node.input(0), element_of(node.output_type(0).dtype)));
}

void write_concat(ExportNode& node) {
  node.set(node.writer().emit("Concat", node.input_names(), {{"axis", node.integer("axis")}}));
}

void write_reshape(ExportNode& node) {
  node.set(node.writer().reshape(node.input(0), node.input_shape(0), node.output_shape()));
}

std::vector<int> inverse(const std::vector<int>& order) {
  std::vector<int> result(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) result[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  return result;
}

// The same memory read as another type: through the order in which the elements lie.
void write_view(ExportNode& node) {
  const TensorType to = node.output_type(0);
  const std::vector<int> from_order = memory_order(node.input_type(0)), to_order = memory_order(to);
  Extents lying, wanted;
  for (const int axis : from_order) lying.push_back(node.input_shape(0)[static_cast<std::size_t>(axis)]);
  for (const int axis : to_order) wanted.push_back(to.shape[axis]);
  const std::string flat = node.writer().reshape(node.writer().transpose(node.input(0), from_order), lying, wanted);
  node.set(node.writer().transpose(flat, inverse(to_order)));
}

void write_permute(ExportNode& node) {
  const Extents dims = node.extents("dims");
  node.set(node.writer().transpose(node.input(0), {dims.begin(), dims.end()}));
}

void write_expand(ExportNode& node) {
  const Expand& op = node.as<Expand>();
  Extents aligned(op.shape().extents().size(), 1);
  const Extents from = node.input_shape(0);
  for (std::size_t i = 0; i < from.size(); ++i) aligned[static_cast<std::size_t>(op.axes()[i])] = from[i];
  const std::string x = node.writer().reshape(node.input(0), from, aligned);
  if (aligned == node.output_shape()) return node.set(x);
  node.set(node.writer().emit("Expand", {x, node.writer().integers(node.output_shape())}));
}

void write_fill(ExportNode& node) {
  const std::string value = node.writer().scalar(node.as<Fill>().value());
  node.set(node.writer().emit("Expand", {value, node.writer().integers(node.output_shape())}));
}

void write_slice(ExportNode& node) {
  const Extents shape = node.input_shape(0),
                steps = node.has("steps") ? node.extents("steps") : Extents(shape.size(), 1);
  Extents ends = node.extents("ends"), axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  for (std::size_t i = 0; i < ends.size(); ++i)
    if (ends[i] < 0) ends[i] = -shape[i] - 1;  // back to element 0: negative ends count from the last
  GraphWriter& writer = node.writer();
  node.set(writer.emit("Slice", {node.input(0), writer.integers(node.extents("starts")), writer.integers(ends),
                                 writer.integers(axes), writer.integers(steps)}));
}

void write_pad(ExportNode& node) {
  GraphWriter& writer = node.writer();
  Extents pads = node.extents("lo");
  const Extents hi = node.extents("hi");
  pads.insert(pads.end(), hi.begin(), hi.end());
  const std::string mode = node.text("mode");
  if (mode == "constant") {
    const auto value = static_cast<float>(node.number("value"));
    Array whole(ElementType::i32, {});
    whole.as<std::int32_t>()[0] = static_cast<std::int32_t>(value);
    const bool floats = node.input_type(0).dtype == DType::f32;
    return node.set(writer.emit(
        "Pad", {node.input(0), writer.integers(pads), floats ? writer.scalar(value) : writer.constant(whole)}));
  }
  if (mode == "circular") writer.require_opset(19);
  const std::string name = mode == "reflect" ? "reflect" : mode == "replicate" ? "edge" : "wrap";
  node.set(writer.emit("Pad", {node.input(0), writer.integers(pads)}, {{"mode", name}}));
}

// (N, C r^d, ...) to (N, C, r..., spatial...), the r behind their axes, and those together.
void write_pixel_shuffle(ExportNode& node) {
  const Extents from = node.input_shape(0), to = node.output_shape();
  const std::size_t axes = from.size() - 2;
  const std::int64_t factor = to[2] / from[2];
  if (axes == 2)
    return node.set(
        node.writer().emit("DepthToSpace", {node.input(0)}, {{"blocksize", factor}, {"mode", std::string("CRD")}}));
  Extents split = {from[0], to[1]};
  split.insert(split.end(), axes, factor);
  split.insert(split.end(), from.begin() + 2, from.end());
  std::vector<int> order = {0, 1};
  for (std::size_t i = 0; i < axes; ++i)
    order.insert(order.end(), {static_cast<int>(2 + axes + i), static_cast<int>(2 + i)});
  const std::string apart = node.writer().transpose(node.writer().reshape(node.input(0), from, split), order);
  node.set(node.writer().emit("Reshape", {apart, node.writer().integers(to)}));
}

void write_pixel_unshuffle(ExportNode& node) {
  const Extents from = node.input_shape(0), to = node.output_shape();
  const std::size_t axes = from.size() - 2;
  Extents split = {from[0], from[1]};
  std::vector<int> order = {0, 1};
  for (std::size_t i = 0; i < axes; ++i) {
    split.insert(split.end(), {to[i + 2], from[i + 2] / to[i + 2]});
    order.push_back(static_cast<int>(3 + 2 * i));
  }
  for (std::size_t i = 0; i < axes; ++i) order.push_back(static_cast<int>(2 + 2 * i));
  const std::string apart = node.writer().transpose(node.writer().reshape(node.input(0), from, split), order);
  node.set(node.writer().emit("Reshape", {apart, node.writer().integers(to)}));
}

}  // namespace

std::span<const ExporterRow> movement_exporters() {
  static constexpr ExporterRow kRows[] = {
      {"cast", write_cast},
      {"concat", write_concat},
      {"expand", write_expand},
      {"fill", write_fill},
      {"pad", write_pad},
      {"permute", write_permute},
      {"pixel_shuffle", write_pixel_shuffle},
      {"pixel_unshuffle", write_pixel_unshuffle},
      {"relayout", write_same},
      {"reshape", write_reshape},
      {"slice", write_slice},
      {"view", write_view},
  };
  return kRows;
}

}  // namespace tuff::onnx
