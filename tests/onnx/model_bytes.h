// Small ONNX files, written field by field as onnx.proto numbers them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "onnx/model.h"
#include "onnx/wire.h"

namespace tuff::test {

using onnx::WireWriter;

inline WireWriter onnx_tensor(const std::string& name, const Array& array) {
  WireWriter tensor;
  for (const std::int64_t extent : array.shape) tensor.varint(1, extent);
  tensor.varint(2, onnx::data_type(array.type));
  tensor.bytes(8, name);
  tensor.bytes(9, {reinterpret_cast<const char*>(array.data.data()), array.data.size()});
  return tensor;
}

inline WireWriter onnx_port(const std::string& name, ElementType type, const std::vector<std::int64_t>& shape) {
  WireWriter dims;
  for (const std::int64_t extent : shape) {
    WireWriter dim;
    if (extent >= 0)
      dim.varint(1, extent);
    else
      dim.bytes(2, "any");
    dims.message(1, dim);
  }
  WireWriter tensor, whole, port;
  tensor.varint(1, onnx::data_type(type));
  tensor.message(2, dims);
  whole.message(1, tensor);
  port.bytes(1, name);
  port.message(2, whole);
  return port;
}

struct NodeText {
  std::string op;
  std::vector<std::string> inputs, outputs;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> lists = {};
  std::vector<std::pair<std::string, std::int64_t>> numbers = {};
  std::vector<std::pair<std::string, std::string>> texts = {};
};

inline WireWriter onnx_node(const NodeText& text) {
  WireWriter node;
  for (const std::string& name : text.inputs) node.bytes(1, name);
  for (const std::string& name : text.outputs) node.bytes(2, name);
  node.bytes(4, text.op);
  const auto attribute = [&](const std::string& name, std::int64_t type, const auto& write_value) {
    WireWriter writer;
    writer.bytes(1, name);
    write_value(writer);
    writer.varint(20, type);
    node.message(5, writer);
  };
  for (const auto& [name, values] : text.lists)
    attribute(name, 7, [&values = values](WireWriter& writer) {
      for (const std::int64_t value : values) writer.varint(8, value);
    });
  for (const auto& [name, value] : text.numbers)
    attribute(name, 2, [&value = value](WireWriter& writer) { writer.varint(3, value); });
  for (const auto& [name, value] : text.texts)
    attribute(name, 3, [&value = value](WireWriter& writer) { writer.bytes(4, value); });
  return node;
}

// A graph's parts, in the order in which they are given.
class OnnxText {
 public:
  OnnxText& node(const NodeText& text) { return graph_.message(1, onnx_node(text)), *this; }
  OnnxText& initializer(const std::string& name, const Array& array) {
    return graph_.message(5, onnx_tensor(name, array)), *this;
  }
  OnnxText& input(const std::string& name, ElementType type, const std::vector<std::int64_t>& shape) {
    return graph_.message(11, onnx_port(name, type, shape)), *this;
  }
  OnnxText& output(const std::string& name, ElementType type, const std::vector<std::int64_t>& shape) {
    return graph_.message(12, onnx_port(name, type, shape)), *this;
  }
  WireWriter& graph() { return graph_; }

  std::string bytes(std::int64_t opset = 17) const {
    WireWriter version, model;
    version.varint(2, opset);
    model.varint(1, 8);
    model.message(8, version);
    model.message(7, graph_);
    return model.str();
  }
  onnx::Model parse(std::int64_t opset = 17, const std::filesystem::path& folder = {}) const {
    const std::string text = bytes(opset);
    return onnx::parse_model(std::as_bytes(std::span(text)), "m.onnx", folder);
  }

 private:
  WireWriter graph_;
};

inline Array float_array(std::vector<std::int64_t> shape, std::vector<float> values) {
  Array array(ElementType::f32, std::move(shape));
  std::ranges::copy(values, array.as<float>().begin());
  return array;
}

}  // namespace tuff::test
