#include "onnx/export_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <sstream>

#include "onnx/node_context.h"

namespace tuff::onnx {
namespace {

using Kind = Attribute::Kind;

Attribute made_of(const std::variant<std::int64_t, float, std::string, Extents>& value) {
  Attribute attribute;
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    attribute.kind = Kind::integer, attribute.integer = *integer;
  else if (const auto* number = std::get_if<float>(&value))
    attribute.kind = Kind::number, attribute.number = *number;
  else if (const auto* text = std::get_if<std::string>(&value))
    attribute.kind = Kind::text, attribute.text = *text;
  else
    attribute.kind = Kind::integers, attribute.integers = std::get<Extents>(value);
  return attribute;
}

}  // namespace

// ---- GraphWriter --------------------------------------------------------------------------------

std::string GraphWriter::fresh_name() {
  for (;;) {
    std::string name = fmt::format("v{}", count_++);
    if (taken_.insert(name).second) return name;
  }
}

std::vector<std::string> GraphWriter::emit(const std::string& op, std::vector<std::string> inputs,
                                           const AttributeList& attributes, std::size_t outputs) {
  Node node{.name = label_, .op = op, .inputs = std::move(inputs)};
  while (!node.inputs.empty() && node.inputs.back().empty()) node.inputs.pop_back();
  for (std::size_t i = 0; i < outputs; ++i) node.outputs.push_back(fresh_name());
  for (const NamedAttribute& attribute : attributes) node.attributes.emplace(attribute.name, made_of(attribute.value));
  std::vector<std::string> names = node.outputs;
  model_.nodes.push_back(std::move(node));
  return names;
}

void GraphWriter::emit_as(const std::string& name, const std::string& op, std::vector<std::string> inputs,
                          const AttributeList& attributes) {
  emit(op, std::move(inputs), attributes, 1);
  model_.nodes.back().outputs = {name};
}

void GraphWriter::initializer(const std::string& name, Array array) {
  const std::int64_t type = data_type(array.type);
  model_.initializers.push_back({name, type, std::move(array)});
}

std::string GraphWriter::constant(Array array) {
  const std::string name = fresh_name();
  const std::int64_t type = data_type(array.type);
  Node node{.name = label_, .op = "Constant", .outputs = {name}};
  node.attributes.emplace("value", Attribute{.kind = Kind::tensor, .tensor = {"", type, std::move(array)}});
  model_.nodes.push_back(std::move(node));
  return name;
}

std::string GraphWriter::scalar(float value) {
  Array array(ElementType::f32, {});
  array.as<float>()[0] = value;
  std::string& name = scalars_[std::bit_cast<std::uint32_t>(value)];
  if (name.empty()) name = constant(std::move(array));
  return name;
}

std::string GraphWriter::integers(const Extents& values) {
  return constant(array_of({std::ssize(values)}, values));
}

std::string GraphWriter::cast(const std::string& x, ElementType to) {
  return emit("Cast", {x}, {{"to", data_type(to)}});
}

std::string GraphWriter::reshape(const std::string& x, const Extents& from, const Extents& to) {
  return from == to ? x : emit("Reshape", {x, integers(to)});
}

std::string GraphWriter::transpose(const std::string& x, const std::vector<int>& permutation) {
  if (std::ranges::is_sorted(permutation)) return x;
  return emit("Transpose", {x}, {{"perm", Extents(permutation.begin(), permutation.end())}});
}

std::string GraphWriter::as_float(const std::string& boolean) {
  const std::string number = cast(boolean, ElementType::f32);
  booleans_.emplace(number, boolean);
  return number;
}

std::string GraphWriter::as_bool(const std::string& number) {
  const auto known = booleans_.find(number);
  return known != booleans_.end() ? known->second : cast(number, ElementType::boolean);
}

// ---- ExportNode ---------------------------------------------------------------------------------

ExportNode::ExportNode(const Graph& graph, const tuff::Node& node, GraphWriter& writer, std::vector<std::string>& names,
                       const std::vector<bool>& needed)
    : graph_(graph), node_(node), writer_(writer), names_(names), needed_(needed) {
  std::istringstream words(node.op->attributes());
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('=');
    fields_.emplace(word.substr(0, at), at == std::string::npos ? std::string() : word.substr(at + 1));
  }
}

std::vector<std::string> ExportNode::input_names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < inputs(); ++i) names.push_back(input(i));
  return names;
}

std::string ExportNode::text(const std::string& name) const {
  const auto found = fields_.find(name);
  if (found == fields_.end()) unsupported(fmt::format("its text \"{}\" has no {}", op().attributes(), name));
  return found->second;
}

std::int64_t ExportNode::integer(const std::string& name) const {
  return std::stoll(text(name));
}

double ExportNode::number(const std::string& name) const {
  return std::strtod(text(name).c_str(), nullptr);
}

Extents ExportNode::extents(const std::string& name) const {
  Extents values;
  if (!has(name)) return values;
  std::string list = text(name);
  std::ranges::replace(list, 'x', ' ');
  std::ranges::replace(list, ',', ' ');
  std::istringstream numbers(list);
  for (std::int64_t value = 0; numbers >> value;) values.push_back(value);
  return values;
}

void ExportNode::unsupported(const std::string& reason) const {
  throw Unsupported(fmt::format("ONNX export: {} ({}): {}", op().name(), node_.label, reason),
                    {std::string(op().name())});
}

}  // namespace tuff::onnx
