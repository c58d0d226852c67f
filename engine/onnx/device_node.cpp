#include "onnx/device_node.h"

#include <fmt/format.h>

#include "ops/cast.h"
#include "ops/relayout.h"

namespace tuff::onnx {

const Entry& DeviceNode::entry(std::size_t input) const {
  if (!has(input)) fail(fmt::format("input {} is missing", input));
  return table_.at(node().inputs[input]);
}

const Array* DeviceNode::known(std::size_t input) const {
  return has(input) ? table_.numbers(node().inputs[input]) : nullptr;
}

Value DeviceNode::value(std::size_t input) const {
  if (empty(input)) unsupported(fmt::format("input {} has no elements (shape {})", input, shape_text(shape(input))));
  return table_.value(node().inputs[input]);
}

Value DeviceNode::real(std::size_t input) const {
  const Entry& wanted = entry(input);
  if (!wanted.live && is_integer(wanted.type))
    return graph().constant(to_tensor(convert(*wanted.numbers, ElementType::f32), fmt::format("\"{}\"", node().inputs[input])));
  const Value found = value(input);
  return cast(found, DType::f32);
}

Value DeviceNode::index(std::size_t input) const {
  const Entry& wanted = entry(input);
  if (!wanted.live && !is_integer(wanted.type))
    return graph().constant(to_tensor(convert(*wanted.numbers, ElementType::i64), fmt::format("\"{}\"", node().inputs[input])));
  const Value found = value(input);
  return cast(found, DType::i32);
}

Value DeviceNode::weight(std::size_t input, Layout layout) const { return relayout(real(input), layout); }

double DeviceNode::scalar(std::size_t input, double otherwise) const {
  if (!has(input)) return otherwise;
  const Array& array = constant(input);
  if (array.elements() != 1) fail(fmt::format("input {} isn't one number", input));
  return number_at(array, 0);
}

void DeviceNode::insert(std::size_t output, Entry made) {
  if (wants(output)) table_.insert(node().outputs[output], std::move(made));
}

void DeviceNode::set(std::size_t output, Value value) { set(output, value, type(0)); }

void DeviceNode::set(std::size_t output, Value value, ElementType type) {
  insert(output, {.type = type, .shape = value.shape().extents(), .live = true, .value = value, .producer = &node()});
}

void DeviceNode::set(std::size_t output, Array numbers) {
  const auto shared = std::make_shared<const Array>(std::move(numbers));
  insert(output, {.type = shared->type, .shape = shared->shape, .live = false, .numbers = shared});
}

}  // namespace tuff::onnx
