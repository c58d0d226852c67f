#include "onnx/device_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <type_traits>

#include "ops/cast.h"
#include "ops/relayout.h"

namespace tuff::onnx {
namespace {

// Whether every integer has at most the 24 digits of f32.
bool fits_f32(const Array& integers) {
  return visit(integers.type, [&]<class T>() {
    if constexpr (std::is_integral_v<T>)
      return std::ranges::all_of(integers.as<T>(), [](T value) {
        const auto bits = static_cast<std::uint64_t>(value), magnitude = value < 0 ? 0 - bits : bits;
        return magnitude == 0 || std::bit_width(magnitude) - std::countr_zero(magnitude) <= 24;
      });
    else
      return true;
  });
}

}  // namespace

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
  if (!wanted.live && is_integer(wanted.type)) {
    if (!fits_f32(*wanted.numbers))
      unsupported(fmt::format("input {} (\"{}\") holds integers that f32, which it is computed in, can't hold", input,
                              node().inputs[input]));
    return graph().constant(
        to_tensor(convert(*wanted.numbers, ElementType::f32), fmt::format("\"{}\"", node().inputs[input])));
  }
  const Value found = value(input);
  return cast(found, DType::f32);
}

Value DeviceNode::index(std::size_t input) const {
  const Entry& wanted = entry(input);
  if (!wanted.live && !is_integer(wanted.type))
    return graph().constant(
        to_tensor(convert(*wanted.numbers, ElementType::i64), fmt::format("\"{}\"", node().inputs[input])));
  const Value found = value(input);
  return cast(found, DType::i32);
}

Value DeviceNode::weight(std::size_t input, Layout layout) const {
  return relayout(real(input), layout);
}

double DeviceNode::scalar(std::size_t input, double otherwise) const {
  if (!has(input)) return otherwise;
  const Array& array = constant(input);
  if (array.elements() != 1) fail(fmt::format("input {} isn't one number", input));
  return number_at(array, 0);
}

bool DeviceNode::differentiable() const {
  const auto passes = [&](const std::string& input) { return !input.empty() && table_.at(input).differentiable; };
  return std::ranges::any_of(node().inputs, passes);
}

void DeviceNode::insert(std::size_t output, Entry made) {
  if (wants(output)) table_.insert(node().outputs[output], std::move(made));
}

void DeviceNode::set(std::size_t output, Value value) {
  set(output, value, type(0));
}

// Most operators compute in f32: what they make of integers becomes whole again here, towards zero.
void DeviceNode::set(std::size_t output, Value value, ElementType type) {
  if (is_integer(type)) value = cast(value, DType::i32);
  insert(output, {.type = type,
                  .shape = value.shape().extents(),
                  .live = true,
                  .differentiable = is_floating(type) && differentiable(),
                  .value = value,
                  .producer = &node()});
}

void DeviceNode::set(std::size_t output, Array numbers) {
  const auto shared = std::make_shared<const Array>(std::move(numbers));
  insert(output, {.type = shared->type, .shape = shared->shape, .live = false, .numbers = shared});
}

}  // namespace tuff::onnx
