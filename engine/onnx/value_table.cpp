#include "onnx/value_table.h"

#include <fmt/format.h>

#include <cassert>

#include "base/error.h"
#include "onnx/evaluate.h"

namespace tuff::onnx {
namespace {

constexpr int kDeepest = 500;  // chains of nodes that are computed on the host on demand

// What the device holds of numbers: f32 of floats and booleans, i32 of integers.
HostTensor device_tensor(const Array& array, const std::string& name) {
  return to_tensor(is_integer(array.type) ? array : convert(array, ElementType::f32), fmt::format("\"{}\"", name));
}

}  // namespace

const Entry& ValueTable::at(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error(fmt::format("{}: there is no value \"{}\"", model_.source, name));
  return found->second;
}

Value ValueTable::value(const std::string& name) {
  Entry& entry = entries_.at(name);
  if (entry.value) return entry.value;
  assert(entry.numbers);
  HostTensor tensor = device_tensor(*entry.numbers, name);
  if (entry.role == Entry::Role::computed) return entry.value = graph_.constant(std::move(tensor));
  const Shape shape = tensor.shape;
  entry.value = entry.role == Entry::Role::buffer
                    ? graph_.buffer(name, shape, Initializer::constant(0))
                    : graph_.parameter(name, shape, Initializer::constant(0), entry.layout);
  variables.emplace(name, std::move(tensor));
  return entry.value;
}

const Array* ValueTable::numbers(const std::string& name, int depth) {
  Entry& entry = entries_.at(name);
  if (entry.numbers || entry.producer == nullptr || depth > kDeepest) return entry.numbers.get();
  const Node& node = *std::exchange(entry.producer, nullptr);
  if (!can_evaluate(full_name(node))) return nullptr;
  std::vector<const Array*> inputs;
  for (const std::string& input : node.inputs) {
    inputs.push_back(input.empty() ? nullptr : numbers(input, depth + 1));
    if (!input.empty() && inputs.back() == nullptr) return nullptr;
  }
  try {
    Arrays results = evaluate(model_, node, std::move(inputs));
    for (std::size_t i = 0; i < node.outputs.size() && i < results.size(); ++i)
      if (!node.outputs[i].empty())
        entries_.at(node.outputs[i]).numbers = std::make_shared<const Array>(std::move(results[i]));
  } catch (const Unsupported&) {
    return nullptr;
  }
  return entry.numbers.get();
}

}  // namespace tuff::onnx
