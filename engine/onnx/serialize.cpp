#include "onnx/serialize.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/os.h"
#include "onnx/wire.h"

namespace tuff::onnx {
namespace {

using Kind = Attribute::Kind;

constexpr std::size_t kLargestFile = (std::size_t{1} << 31) - 1;  // protocol buffers' own bound

// The tensor's bytes as they lie here: little-endian on all machines that the engine runs on, as ONNX's raw_data.
WireWriter tensor_message(const NamedTensor& tensor) {
  WireWriter out;
  const Array& array = *tensor.array;
  for (const std::int64_t extent : array.shape) out.varint(1, extent);
  out.varint(2, data_type(array.type));
  if (!tensor.name.empty()) out.bytes(8, tensor.name);
  out.bytes(9, {reinterpret_cast<const char*>(array.data.data()), array.data.size()});
  return out;
}

WireWriter attribute_message(const std::string& name, const Attribute& attribute) {
  WireWriter out;
  out.bytes(1, name);
  switch (attribute.kind) {
    case Kind::number: out.float32(2, attribute.number); break;
    case Kind::integer: out.varint(3, attribute.integer); break;
    case Kind::text: out.bytes(4, attribute.text); break;
    case Kind::tensor: out.message(5, tensor_message(attribute.tensor)); break;
    case Kind::numbers:
      for (const float number : attribute.numbers) out.float32(7, number);
      break;
    case Kind::integers:
      for (const std::int64_t integer : attribute.integers) out.varint(8, integer);
      break;
    case Kind::texts:
      for (const std::string& text : attribute.texts) out.bytes(9, text);
      break;
    case Kind::none:
    case Kind::other: break;
  }
  static constexpr std::int64_t kTypes[] = {0, 1, 2, 3, 4, 6, 7, 8, 0};  // in the order of Kind
  out.varint(20, kTypes[static_cast<std::size_t>(attribute.kind)]);
  return out;
}

WireWriter node_message(const Node& node) {
  WireWriter out;
  for (const std::string& name : node.inputs) out.bytes(1, name);
  for (const std::string& name : node.outputs) out.bytes(2, name);
  if (!node.name.empty()) out.bytes(3, node.name);
  out.bytes(4, node.op);
  for (const auto& [name, attribute] : node.attributes) out.message(5, attribute_message(name, attribute));
  if (!node.domain.empty()) out.bytes(7, node.domain);
  return out;
}

WireWriter port_message(const Port& port) {
  WireWriter tensor, type, out;
  tensor.varint(1, port.data_type);
  if (port.shape) {
    WireWriter shape;
    for (const Dimension& dimension : *port.shape) {
      WireWriter one;
      if (dimension.extent)
        one.varint(1, *dimension.extent);
      else if (!dimension.name.empty())
        one.bytes(2, dimension.name);
      shape.message(1, one);
    }
    tensor.message(2, shape);
  }
  type.message(1, tensor);
  out.bytes(1, port.name);
  out.message(2, type);
  return out;
}

WireWriter opset_message(const std::string& domain, std::int64_t version) {
  WireWriter out;
  out.bytes(1, domain);
  out.varint(2, version);
  return out;
}

void require_writable(const Model& model) {
  const auto refuse = [&](const std::string& what) {
    throw Error(fmt::format("{}: {} can't be written", model.source, what));
  };
  if (model.functions) refuse("functions of a model's own");
  if (model.sparse) refuse("sparse initializers");
  for (const NamedTensor& tensor : model.initializers)
    if (!tensor.array)
      refuse(fmt::format("the initializer \"{}\" of type {}", tensor.name, data_type_name(tensor.data_type)));
  for (const Node& node : model.nodes)
    for (const auto& [name, attribute] : node.attributes)
      if (attribute.kind == Kind::other || attribute.kind == Kind::none ||
          (attribute.kind == Kind::tensor && !attribute.tensor.array))
        refuse(fmt::format("the attribute \"{}\" of {}", name, node.op));
  for (const std::vector<Port>* ports : {&model.inputs, &model.outputs})
    for (const Port& port : *ports)
      if (!port.tensor) refuse(fmt::format("\"{}\", which is no tensor,", port.name));
}

}  // namespace

std::string serialize_model(const Model& model) {
  require_writable(model);
  WireWriter graph, out;
  for (const Node& node : model.nodes) graph.message(1, node_message(node));
  graph.bytes(2, model.graph_name.empty() ? "graph" : model.graph_name);
  for (const NamedTensor& tensor : model.initializers) graph.message(5, tensor_message(tensor));
  for (const Port& port : model.inputs) graph.message(11, port_message(port));
  for (const Port& port : model.outputs) graph.message(12, port_message(port));
  out.varint(1, model.ir_version);
  if (!model.producer.empty()) out.bytes(2, model.producer);
  out.message(7, graph);
  if (model.opset != 0) out.message(8, opset_message("", model.opset));
  for (const auto& [domain, version] : model.opsets) out.message(8, opset_message(domain, version));
  for (const auto& [key, value] : model.metadata) {
    WireWriter entry;
    entry.bytes(1, key);
    entry.bytes(2, value);
    out.message(14, entry);
  }
  if (out.str().size() > kLargestFile)
    throw Error(fmt::format("{}: {} bytes are more than an ONNX file holds (2 GiB)", model.source, out.str().size()));
  return out.str();
}

void write_model(const std::filesystem::path& path, const Model& model) {
  os::write_file(path, serialize_model(model));
}

}  // namespace tuff::onnx
