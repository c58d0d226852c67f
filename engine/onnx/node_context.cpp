#include "onnx/node_context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tuff::onnx {

std::string full_name(const Node& node) {
  return node.domain.empty() ? node.op : node.domain + "." + node.op;
}

std::int64_t NodeContext::opset() const {
  if (node_.domain.empty()) return model_.opset;
  const auto found = model_.opsets.find(node_.domain);
  return found == model_.opsets.end() ? 1 : found->second;
}

const Attribute* NodeContext::find(std::string_view name) const {
  const auto found = node_.attributes.find(std::string(name));
  return found == node_.attributes.end() ? nullptr : &found->second;
}

const Attribute& NodeContext::expect(const Attribute& attribute, Attribute::Kind kind, std::string_view name) const {
  if (attribute.kind != kind) fail(fmt::format("the attribute \"{}\" is of another kind than the operator has", name));
  return attribute;
}

std::int64_t NodeContext::integer(std::string_view name, std::int64_t otherwise) const {
  const Attribute* found = find(name);
  return found == nullptr ? otherwise : expect(*found, Attribute::Kind::integer, name).integer;
}

float NodeContext::number(std::string_view name, float otherwise) const {
  const Attribute* found = find(name);
  return found == nullptr ? otherwise : expect(*found, Attribute::Kind::number, name).number;
}

std::string NodeContext::text(std::string_view name, std::string_view otherwise) const {
  const Attribute* found = find(name);
  return found == nullptr ? std::string(otherwise) : expect(*found, Attribute::Kind::text, name).text;
}

std::string NodeContext::choice(std::string_view name, std::string_view otherwise,
                                const std::vector<std::string>& allowed) const {
  std::string chosen = text(name, otherwise);
  if (chosen.empty() && otherwise.empty()) fail(fmt::format("it has no {}: {}", name, fmt::join(allowed, ", ")));
  if (std::ranges::find(allowed, chosen) == allowed.end())
    fail(fmt::format("{} is \"{}\", not one of {}", name, chosen, fmt::join(allowed, ", ")));
  return chosen;
}

std::vector<std::int64_t> NodeContext::integers(std::string_view name) const {
  const Attribute* found = find(name);
  if (found == nullptr) return {};
  return expect(*found, Attribute::Kind::integers, name).integers;
}

std::vector<float> NodeContext::numbers(std::string_view name) const {
  const Attribute* found = find(name);
  if (found == nullptr) return {};
  return expect(*found, Attribute::Kind::numbers, name).numbers;
}

const NamedTensor* NodeContext::tensor(std::string_view name) const {
  const Attribute* found = find(name);
  return found == nullptr ? nullptr : &expect(*found, Attribute::Kind::tensor, name).tensor;
}

const Array& NodeContext::constant(std::size_t input) const {
  if (!has(input)) fail(fmt::format("input {} is missing", input));
  if (const Array* array = known(input)) return *array;
  unsupported(fmt::format("input {} (\"{}\") must be constant or follow from shapes", input, node_.inputs[input]));
}

std::optional<std::vector<std::int64_t>> NodeContext::integers(std::size_t input, std::string_view attribute) const {
  if (has(input)) return tuff::integers(constant(input));
  if (has_attribute(attribute)) return integers(attribute);
  return std::nullopt;
}

void NodeContext::require_same_type(std::size_t input, std::size_t other) const {
  if (type(input) != type(other))
    fail(fmt::format("inputs {} and {} are {} and {}, not of one type", input, other, to_string(type(input)),
                     to_string(type(other))));
}

void NodeContext::require_integers(std::size_t input) const {
  if (!is_integer(type(input))) fail(fmt::format("input {} is {}, must be integers", input, to_string(type(input))));
}

void NodeContext::require_booleans(std::size_t input) const {
  if (type(input) != ElementType::boolean)
    fail(fmt::format("input {} is {}, must be bool", input, to_string(type(input))));
}

int NodeContext::axis(std::int64_t axis, std::int64_t rank) const {
  const std::int64_t resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= rank) fail(fmt::format("axis {} of {} axes", axis, rank));
  return static_cast<int>(resolved);
}

std::vector<int> NodeContext::axes(const std::vector<std::int64_t>& list, std::int64_t rank) const {
  std::vector<int> result;
  for (const std::int64_t entry : list) result.push_back(axis(entry, rank));
  std::ranges::sort(result);
  if (std::ranges::adjacent_find(result) != result.end()) fail("an axis is named twice");
  return result;
}

std::string NodeContext::where() const {
  const std::string label = !node_.name.empty() ? node_.name : node_.outputs.empty() ? "" : node_.outputs.front();
  return fmt::format("{}: {} \"{}\"", model_.source, full_name(node_), label);
}

void NodeContext::fail(const std::string& reason) const {
  throw Error(fmt::format("{}: {}", where(), reason));
}

void NodeContext::unsupported(const std::string& reason) const {
  throw Unsupported(fmt::format("{}: unsupported: {}", where(), reason), {full_name(node_)});
}

void NodeContext::unsupported_type(std::int64_t data_type) const {
  const std::string type = data_type_name(data_type);
  throw Unsupported(fmt::format("{}: unsupported: type {}", where(), type), {type});
}

}  // namespace tuff::onnx
