// Elementwise operators. Booleans are f32 0 and 1 on the device.
#include <cmath>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/cast.h"
#include "ops/elementary.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"

namespace tuff::onnx {
namespace {

constexpr double kLargestWholePower = 24;  // 2^24 is where f32 ceases to hold all integers

template <Value (*function)(Value)>
void unary(DeviceNode& node) {
  node.set(0, function(node.real(0)));
}

// Before opset 7, the second operand's axes could begin at any of the first's.
Value second_operand(const DeviceNode& node) {
  const Value b = node.real(1);
  if (node.opset() >= 7 || node.integer("broadcast", 0) == 0 || !node.has_attribute("axis")) return b;
  Extents shape = b.shape().extents();
  const std::int64_t rank = node.rank(0);
  const std::int64_t missing =
      rank - node.axis(node.integer("axis", 0), rank) - static_cast<std::int64_t>(shape.size());
  if (missing < 0) node.fail("its operands don't broadcast");
  shape.resize(shape.size() + static_cast<std::size_t>(missing), 1);
  return reshape(b, shape);
}

template <Value (*function)(Value, Value)>
void binary(DeviceNode& node) {
  node.require_same_type(0, 1);
  node.set(0, function(node.real(0), second_operand(node)));
}

template <Value (*function)(Value, Value)>
void comparison(DeviceNode& node) {
  node.require_same_type(0, 1);
  node.set_bool(function(node.real(0), second_operand(node)));
}

template <Value (*function)(Value, Value)>
void variadic(DeviceNode& node) {
  Value result = node.real(0);
  for (std::size_t i = 1; i < node.inputs(); ++i) result = function(result, node.real(i));
  node.set(0, result);
}

void mean_of_inputs(DeviceNode& node) {
  Value result = node.real(0);
  for (std::size_t i = 1; i < node.inputs(); ++i) result = add(result, node.real(i));
  node.set(0, mul_scalar(result, 1.0f / static_cast<float>(node.inputs())));
}

void divide(DeviceNode& node) {
  is_integer(node.type(0)) ? binary<divide_truncating>(node) : binary<div>(node);
}

// The exponent's bits choose among x, x^2, x^4, ...: exact, which pow isn't.
Value whole_power(Value x, std::int64_t exponent) {
  Value result = exponent % 2 != 0 ? x : Value{};
  for (exponent /= 2; exponent > 0; exponent /= 2) {
    x = square(x);
    if (exponent % 2 != 0) result = result ? mul(result, x) : x;
  }
  return result;
}

void power(DeviceNode& node) {
  const Array* exponent = node.live(1) ? nullptr : node.known(1);
  const bool single = exponent != nullptr && exponent->elements() == 1 && node.rank(1) <= node.rank(0);
  if (is_integer(node.type(0)) && is_integer(node.type(1))) {
    const double number = single ? number_at(*exponent, 0) : 0;
    if (number >= 1 && number <= kLargestWholePower)
      return node.set(0, whole_power(node.real(0), static_cast<std::int64_t>(number)));
    return node.set(0, round(pow(node.real(0), second_operand(node))));  // pow is near a whole number, perhaps below it
  }
  node.set(0, single ? pow(node.real(0), static_cast<float>(number_at(*exponent, 0)))
                     : pow(node.real(0), second_operand(node)));
}

// Integers are chosen among as floats, exact below 2^24.
void where_node(DeviceNode& node) {
  node.require_booleans(0);
  node.require_same_type(1, 2);
  if (is_integer(node.type(1)))
    return node.set(0, cast(where(node.real(0), node.real(1), node.real(2)), DType::i32), node.type(1));
  node.set(0, where(node.real(0), node.real(1), node.real(2)), node.type(1));
}

void leaky_relu_node(DeviceNode& node) {
  node.set(0, leaky_relu(node.real(0), node.number("alpha", 0.01f)));
}

// A bound that is a constant number is part of the kernel; one that is computed gets a gradient.
void clip(DeviceNode& node) {
  Value x = node.real(0);
  const auto bound = [&](std::size_t input, const char* attribute, auto clamp_by_number, auto outside) {
    if (node.has(input) && node.live(input)) {
      const Value limit = node.real(input);
      x = where(outside(x, limit), limit, x);
    } else if (node.has(input) || node.has_attribute(attribute)) {
      x = clamp_by_number(x, static_cast<float>(node.scalar(input, node.number(attribute, 0))));
    }
  };
  bound(
      1, "min", [](Value v, float s) { return clamp_min(v, s); }, [](Value v, Value s) { return less(v, s); });
  bound(
      2, "max", [](Value v, float s) { return clamp_max(v, s); }, [](Value v, Value s) { return greater(v, s); });
  node.set(0, x);
}

// Floats share f32 and integers i32 on the device; booleans are f32 there.
void cast_to(DeviceNode& node, ElementType to) {
  if (to == ElementType::boolean && node.type(0) != to)
    return node.set_bool(not_equal(node.real(0), node.graph().scalar(0)));
  node.set(0, is_integer(to) ? node.index(0) : node.real(0), to);
}

void cast(DeviceNode& node) {
  const std::optional<ElementType> type = element_type(node.integer("to", 0));
  if (!type) node.unsupported_type(node.integer("to", 0));
  cast_to(node, *type);
}

void cast_like(DeviceNode& node) {
  cast_to(node, node.type(1));
}

}  // namespace

std::span<const HandlerRow> pointwise_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"Abs", unary<abs>},
      {"Add", binary<add>},
      {"Cast", cast},
      {"CastLike", cast_like},
      {"Clip", clip},
      {"Div", divide},
      {"Equal", comparison<equal>},
      {"Exp", unary<exp>},
      {"Floor", unary<floor>},
      {"Greater", comparison<greater>},
      {"GreaterOrEqual", comparison<greater_equal>},
      {"LeakyRelu", leaky_relu_node},
      {"Less", comparison<less>},
      {"LessOrEqual", comparison<less_equal>},
      {"Log", unary<log>},
      {"Max", variadic<maximum>},
      {"Mean", mean_of_inputs},
      {"Min", variadic<minimum>},
      {"Mul", binary<mul>},
      {"Neg", unary<neg>},
      {"Pow", power},
      {"Reciprocal", unary<reciprocal>},
      {"Relu", unary<relu>},
      {"Sigmoid", unary<sigmoid>},
      {"Sign", unary<sign>},
      {"Sqrt", unary<sqrt>},
      {"Sub", binary<sub>},
      {"Sum", variadic<add>},
      {"Tanh", unary<tanh>},
      {"Where", where_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
