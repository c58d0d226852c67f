// One node as its handler sees it: attributes with defaults, and what is known of its inputs. The host evaluator
// (evaluate.h) knows all inputs' numbers; the importer (device_node.h) knows some, the others are Values of the graph.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "io/array.h"
#include "onnx/model.h"

namespace tuff::onnx {

// What a model asks for that isn't there: operators, types, attributes. `operators` are their names.
class Unsupported : public Error {
 public:
  Unsupported(const std::string& message, std::vector<std::string> names)
      : Error(message), operators(std::move(names)) {}
  std::vector<std::string> operators;
};

// "Conv", or with its domain where that isn't ONNX's own: "com.microsoft.FusedConv".
std::string full_name(const Node& node);

class NodeContext {
 public:
  NodeContext(const Model& model, const Node& node) : model_(model), node_(node) {}
  virtual ~NodeContext() = default;
  NodeContext(const NodeContext&) = delete;
  NodeContext& operator=(const NodeContext&) = delete;

  const Node& node() const { return node_; }
  const Model& model() const { return model_; }
  // The opset version that the node's domain has in this model.
  std::int64_t opset() const;

  bool has_attribute(std::string_view name) const { return find(name) != nullptr; }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
  float number(std::string_view name, float otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  // A text that must be one of the `allowed`, or Error; an empty `otherwise` demands that it is there.
  std::string choice(std::string_view name, std::string_view otherwise, const std::vector<std::string>& allowed) const;
  std::vector<std::int64_t> integers(std::string_view name) const;  // empty where absent
  std::vector<float> numbers(std::string_view name) const;
  const NamedTensor* tensor(std::string_view name) const;  // null where absent

  std::size_t inputs() const { return node_.inputs.size(); }
  std::size_t outputs() const { return node_.outputs.size(); }
  bool has(std::size_t input) const { return input < inputs() && !node_.inputs[input].empty(); }
  bool wants(std::size_t output) const { return output < outputs() && !node_.outputs[output].empty(); }

  virtual std::vector<std::int64_t> shape(std::size_t input) const = 0;
  virtual ElementType type(std::size_t input) const = 0;
  // The input's numbers, or null where they aren't known before the graph runs.
  virtual const Array* known(std::size_t input) const = 0;

  // Error where the operator demands that two inputs are of one type, that one is of whole numbers, or true or false.
  void require_same_type(std::size_t input, std::size_t other) const;
  void require_integers(std::size_t input) const;
  void require_booleans(std::size_t input) const;

  std::int64_t rank(std::size_t input) const { return static_cast<std::int64_t>(shape(input).size()); }
  // The same, or Unsupported saying what should be constant.
  const Array& constant(std::size_t input) const;
  // An input's integers, which older opsets have as an attribute; nothing where neither is there.
  std::optional<std::vector<std::int64_t>> integers(std::size_t input, std::string_view attribute) const;

  // 0 <= axis < rank of what may be negative, or Error.
  int axis(std::int64_t axis, std::int64_t rank) const;
  std::vector<int> axes(const std::vector<std::int64_t>& axes, std::int64_t rank) const;

  [[noreturn]] void fail(const std::string& reason) const;           // Error: file, operator, node, reason
  [[noreturn]] void unsupported(const std::string& reason) const;    // Unsupported
  [[noreturn]] void unsupported_type(std::int64_t data_type) const;  // the same, blamed on the type

 private:
  const Attribute* find(std::string_view name) const;
  const Attribute& expect(const Attribute& attribute, Attribute::Kind kind, std::string_view name) const;
  std::string where() const;

  const Model& model_;
  const Node& node_;
};

}  // namespace tuff::onnx
