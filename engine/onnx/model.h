// What an ONNX file says (onnx.ai, onnx/onnx.proto): plain structs, read from bytes that may be hostile. Whatever is
// damaged is an Error in one line that names the file; nothing is allocated that the file doesn't hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/array.h"

namespace tuff::onnx {

// TensorProto.DataType. Those without an ElementType (strings, complex, 8-bit floats, 4-bit integers) have none.
std::optional<ElementType> element_type(std::int64_t data_type);
std::int64_t data_type(ElementType type);
std::string data_type_name(std::int64_t data_type);  // "FLOAT", "STRING", "type 99"

// A tensor in a file. `array` is empty where its type has no ElementType.
struct NamedTensor {
  std::string name;
  std::int64_t data_type = 0;
  std::optional<Array> array;
};

struct Attribute {
  enum class Kind : std::uint8_t { none, number, integer, text, tensor, numbers, integers, texts, other };
  Kind kind = Kind::none;  // other: graphs, sparse tensors, types, ...
  float number = 0;
  std::int64_t integer = 0;
  std::string text;
  NamedTensor tensor;
  std::vector<float> numbers;
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
};

struct Node {
  std::string name, op, domain;
  std::vector<std::string> inputs, outputs;  // "" where an optional one is left out
  std::map<std::string, Attribute> attributes;
};

struct Dimension {
  std::optional<std::int64_t> extent;
  std::string name;  // of a dynamic one, may be empty
};

struct Port {  // an input or output of the graph
  std::string name;
  std::int64_t data_type = 0;  // 0: no tensor, or not said
  bool tensor = true;          // else a sequence, an optional or a map
  std::optional<std::vector<Dimension>> shape;
};

struct Model {
  std::string source;  // the file's name, for messages
  std::int64_t ir_version = 0;
  std::int64_t opset = 0;                      // of the domain "ai.onnx"; 0 where there is none
  std::map<std::string, std::int64_t> opsets;  // of other domains
  std::string producer, graph_name;
  std::map<std::string, std::string> metadata;  // metadata_props
  std::vector<Node> nodes;
  std::vector<NamedTensor> initializers;
  std::vector<Port> inputs, outputs;  // inputs may name initializers (IR 3 and older)
  bool functions = false;             // has functions of its own
  bool sparse = false;                // has sparse initializers

  // The inputs that aren't initializers.
  std::vector<Port> free_inputs() const;
};

// From bytes alone, without files and without a device: what a fuzzer calls. Refuses external data.
Model parse(std::span<const std::byte> bytes);

// `folder` is where external data lies, in files with relative paths below it; empty: there may be none.
Model parse_model(std::span<const std::byte> bytes, const std::string& source, const std::filesystem::path& folder);
Model read_model(const std::filesystem::path& path);

// A serialized TensorProto, as the conformance cases' input_0.pb.
NamedTensor parse_tensor(std::span<const std::byte> bytes, const std::string& source);

}  // namespace tuff::onnx
