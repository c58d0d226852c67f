// Gather and scatter, and the indices of pooling.
#include "onnx/export_node.h"

namespace tuff::onnx {
namespace {

Array int_array(std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values) {
  return convert(array_of(std::move(shape), values), ElementType::i32);
}

void write_gather(ExportNode& node) {
  const char* name = node.flag("by_row") ? "Gather" : "GatherElements";
  node.set(node.writer().emit(name, {node.input(0), node.input(1)}, {{"axis", node.integer("axis")}}));
}

void write_scatter(ExportNode& node) {
  GraphWriter& writer = node.writer();
  std::string index = node.input(1);
  const Extents updates = node.input_shape(2);
  const std::int64_t axis = node.integer("axis");
  if (node.flag("by_row")) {
    Extents along(updates.size(), 1);
    along[static_cast<std::size_t>(axis)] = updates[static_cast<std::size_t>(axis)];
    index = writer.reshape(index, node.input_shape(1), along);
    if (along != updates) index = writer.emit("Expand", {index, writer.integers(updates)});
  }
  node.set(writer.emit("ScatterElements", {node.input(0), index, node.input(2)},
                       {{"axis", axis}, {"reduction", node.text("reduction")}}));
}

// Tuples (count, depth) to numbers of rows; those of a batch begin at its own.
void write_flatten_index(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Extents extents = node.extents("extents"), shape = node.input_shape(0);
  Extents strides(extents.size(), 1);
  for (std::size_t i = extents.size(); i-- > 1;) strides[i - 1] = strides[i] * extents[i];
  const std::int64_t depth = std::ssize(extents), count = shape[0], batches = node.integer("batches");
  const std::string from_end = writer.emit("Add", {node.input(0), writer.constant(int_array({1, depth}, extents))});
  const std::string negative = writer.emit("Less", {node.input(0), writer.constant(int_array({}, {0}))});
  const std::string tuples = writer.emit("Where", {negative, from_end, node.input(0)});
  const std::string scaled = writer.emit("Mul", {tuples, writer.constant(int_array({1, depth}, strides))});
  std::string rows = writer.emit("ReduceSum", {scaled, writer.integers({1})}, {{"keepdims", std::int64_t{0}}});
  if (batches > 1) {
    Extents starts;
    for (std::int64_t i = 0; i < count; ++i) starts.push_back(i / (count / batches) * strides[0] * extents[0]);
    rows = writer.emit("Add", {rows, writer.constant(int_array({count}, starts))});
  }
  node.set(rows);
}

std::int64_t plane_of(const Extents& shape) {
  return product(Extents(shape.begin() + 2, shape.end()));
}

void write_gather_spatial(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Extents from = node.input_shape(0), to = node.output_shape();
  const std::string values = writer.reshape(node.input(0), from, {from[0], from[1], plane_of(from)});
  const std::string index = writer.reshape(node.input(1), to, {to[0], to[1], plane_of(to)});
  const std::string found = writer.emit("GatherElements", {values, index}, {{"axis", std::int64_t{2}}});
  node.set(writer.reshape(found, {to[0], to[1], plane_of(to)}, to));
}

// Where each plane of a whole (N, C, spatial...) tensor begins, shaped to be added to indices.
std::string plane_starts(GraphWriter& writer, const Extents& indices, std::int64_t plane) {
  Extents shape(indices.size(), 1), starts;
  shape[0] = indices[0], shape[1] = indices[1];
  for (std::int64_t i = 0; i < indices[0] * indices[1]; ++i) starts.push_back(i * plane);
  return writer.constant(int_array(shape, starts));
}

// Indices in planes to those of the whole tensor, or back.
void write_reindex(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Extents spatial = node.extents("spatial"), shape = node.input_shape(0);
  const std::int64_t plane = product(spatial);
  const auto whole = [&](std::int64_t value) { return writer.constant(int_array({}, {value})); };
  if (node.flag("to_plane")) return node.set(writer.emit("Mod", {node.input(0), whole(plane)}));
  std::string index = node.input(0);
  if (node.flag("column_major")) {  // the first spatial axis fastest
    std::string turned;
    std::int64_t inner = plane, stride = 1;
    for (const std::int64_t extent : spatial) {
      inner /= extent;
      const std::string along = writer.emit("Mod", {writer.emit("Div", {node.input(0), whole(inner)}), whole(extent)});
      const std::string part = writer.emit("Mul", {along, whole(stride)});
      turned = turned.empty() ? part : writer.emit("Add", {turned, part});
      stride *= extent;
    }
    index = turned;
  }
  node.set(writer.emit("Add", {index, plane_starts(writer, shape, plane)}));
}

void write_max_unpool(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Extents pooled = node.input_shape(0), to = node.output_shape();
  const std::string index = writer.emit("Add", {node.input(1), plane_starts(writer, pooled, plane_of(to))});
  const Extents rows = {product(to)};
  // A scatter of all elements: MaxUnpool asks for windows that fit, and ScatterElements says which of equal indices
  // wins.
  const std::string zeros = writer.emit("Expand", {writer.scalar(0), writer.integers(rows)});
  const std::string placed = writer.emit("ScatterElements", {zeros, writer.reshape(index, pooled, {product(pooled)}),
                                                             writer.reshape(node.input(0), pooled, {product(pooled)})});
  node.set(writer.reshape(placed, rows, to));
}

}  // namespace

std::span<const ExporterRow> index_exporters() {
  static constexpr ExporterRow kRows[] = {
      {"flatten_index", write_flatten_index}, {"gather", write_gather},   {"gather_spatial", write_gather_spatial},
      {"max_unpool", write_max_unpool},       {"reindex", write_reindex}, {"scatter", write_scatter},
  };
  return kRows;
}

}  // namespace tuff::onnx
